import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { BENCH_DIST } from '../tools.js';
import type { Acts } from './load.js';

/** A load generator in its own process. */
export class LoadProcess {
  /** The acts of the load generator. */
  readonly do: Acts;
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, { resolve: (answer: unknown) => void; reject: (error: Error) => void }>();
  private asked = 0;

  constructor() {
    const execArgv = (process.env.BENCH_NODE_OPTIONS_LOAD ?? '').split(' ').filter(Boolean);
    this.child = fork(join(BENCH_DIST, 'load/main.js'), { execArgv });
    this.child.on('message', ({ id, answer, error }: { id: number; answer?: unknown; error?: string }) => {
      const { resolve, reject } = this.waiting.get(id) ?? {};
      this.waiting.delete(id);
      if (error !== undefined) reject?.(new Error(error));
      else resolve?.(answer);
    });
    this.child.once('exit', (code, signal) => {
      for (const { reject } of this.waiting.values()) reject(new Error(`the load generator ended (${signal ?? code})`));
    });
    this.do = new Proxy({} as Acts, { get: (_, act: string) => (argument: unknown) => this.ask(act, argument) });
  }

  get pid(): number {
    return this.child.pid as number;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.disconnect();
    await gone;
  }

  private ask(act: string, argument: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = ++this.asked;
      this.waiting.set(id, { resolve, reject });
      this.child.send({ id, act, argument });
    });
  }
}
