import { type ChildProcess, fork, type StdioOptions } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { BENCH_DIST, freePort, spawnLeashed, until } from '../tools.js';
import { installed, type NpmPeer } from './installed.js';

/** A program that Holdfast is measured beside. It ends with the bench, however that ends. */
export class Peer {
  private constructor(
    readonly port: number,
    readonly pid: number,
    private readonly child: ChildProcess,
  ) {}

  /** One of this folder; resolves when it listens. `more`: what stands behind its port on the command line. */
  static async own(program: string, before: readonly string[] = [], more: readonly string[] = []): Promise<Peer> {
    const port = await freePort();
    return Peer.forked(port, fork(join(BENCH_DIST, 'peers', `${program}.js`), [...before, String(port), ...more]), program);
  }

  /** One from npm, which is told its port and what follows it. */
  static async npm(peer: NpmPeer, more: readonly string[] = []): Promise<Peer> {
    const { folder, node } = await installed(peer);
    const port = await freePort();
    const child = fork(join(folder, 'server.mjs'), [String(port), ...more], { execPath: node, cwd: folder, env: PRODUCTION, stdio: STDIO });
    return Peer.forked(port, child, peer);
  }

  /** Resolves when the program says that it is ready. */
  static async forked(port: number, child: ChildProcess, name: string): Promise<Peer> {
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', (code, signal) => reject(new Error(`${name} ended (${signal ?? code}) before it was ready`)));
    });
    return new Peer(port, child.pid as number, child);
  }

  /** A program that is no Node: ready when its port can be connected to. */
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

/** What a peer has to say is of interest when it does not start. */
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
