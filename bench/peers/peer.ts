import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { BENCH_DIST, freePort } from '../tools.js';

/** A program that Holdfast is measured beside. More of them (HAProxy, Colyseus, Socket.IO, Pinus) start the same way. */
export class Peer {
  private constructor(
    readonly port: number,
    readonly pid: number,
    private readonly child: ChildProcess,
  ) {}

  /** One of this folder; resolves when it listens. `more`: what stands behind its port on the command line. */
  static async start(program: string, before: readonly string[] = [], more: readonly string[] = []): Promise<Peer> {
    const port = await freePort();
    const child = fork(join(BENCH_DIST, 'peers', `${program}.js`), [...before, String(port), ...more]);
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', (code) => reject(new Error(`${program} ended with ${code} before it listened`)));
    });
    return new Peer(port, child.pid as number, child);
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await gone;
  }
}
