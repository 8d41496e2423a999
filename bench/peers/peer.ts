import { type ChildProcess, fork, type StdioOptions } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { BENCH_DIST, freePort, spawnLeashed, until } from '../tools.js';
import { installed, type NpmPeer } from './installed.js';

/** A program with which Holdfast is compared. It ends with the bench, however the bench ends. */
export class Peer {
  private constructor(
    readonly port: number,
    readonly pid: number,
    private readonly child: ChildProcess,
  ) {}

  /** Starts a program of this folder. Resolves when it listens. `before`, `more`: arguments before and after its port. */
  static async own(program: string, before: readonly string[] = [], more: readonly string[] = []): Promise<Peer> {
    const port = await freePort();
    return Peer.forked(port, fork(join(BENCH_DIST, 'peers', `${program}.js`), [...before, String(port), ...more]), program);
  }

  /** Starts a program from npm with its port and further arguments. */
  static async npm(peer: NpmPeer, more: readonly string[] = []): Promise<Peer> {
    const { folder, node } = await installed(peer);
    const port = await freePort();
    const child = fork(join(folder, 'server.mjs'), [String(port), ...more], { execPath: node, cwd: folder, env: PRODUCTION, stdio: STDIO });
    return Peer.forked(port, child, peer);
  }

  /** Makes a peer of a Node process. Resolves when the process reports that it is ready. */
  static async forked(port: number, child: ChildProcess, name: string): Promise<Peer> {
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', (code, signal) => reject(new Error(`${name} ended (${signal ?? code}) before it was ready`)));
    });
    return new Peer(port, child.pid as number, child);
  }

  /** Starts a program that is not Node. It is ready when its port accepts connections. */
  static async program(command: string, args: readonly string[], port: number, env: NodeJS.ProcessEnv): Promise<Peer> {
    const child = spawnLeashed(command, args, { env, graceSeconds: 1 });
    const peer = new Peer(port, child.pid as number, child);
    await until(() => {
      if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode} before it listened`);
      return isListening(port);
    });
    return peer;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await gone;
  }
}

export const PRODUCTION: NodeJS.ProcessEnv = { PATH: process.env.PATH, HOME: process.env.HOME, NODE_ENV: 'production' };

/** Hides the output of a peer, which matters only when it does not start. BENCH_VERBOSE shows it. */
export const STDIO: StdioOptions = ['ignore', 'ignore', process.env.BENCH_VERBOSE ? 'inherit' : 'ignore', 'ipc'];

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const answer = (isThere: boolean) => () => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once('connect', answer(true));
    socket.once('error', answer(false));
  });
}
