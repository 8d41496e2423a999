import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Cluster, Redis } from 'ioredis';
import { ended } from '../../tools/process/leashed.mjs';
import { findRedisServer, startRedis } from '../../tools/redis/index.mjs';

type RunningRedis = Awaited<ReturnType<typeof startRedis>>;

/** The store of a fleet. */
export interface FleetStore {
  readonly url: string;
  /** A client for direct reads and writes by the test. */
  readonly client: Redis | Cluster;
  stop(): Promise<void>;
}

export interface FleetRedisOptions {
  readonly appendonly?: boolean;
  readonly config?: Readonly<Record<string, string | number>>;
  /** Additional environment variables of its process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A copy of the data of a Redis at one moment. */
export type KeptStore = string & { readonly kept: true };

/** The private Redis of one fleet. A test may stop it, kill it and read its data. */
export class FleetRedis implements FleetStore {
  private keptCount = 0;

  private constructor(
    private running: RunningRedis,
    private readonly options: Parameters<typeof startRedis>[0],
    /** A client for direct reads and writes by the test. */
    readonly client: Redis,
  ) {}

  static async start(home: string, { appendonly = false, config = {}, env }: FleetRedisOptions = {}): Promise<FleetRedis> {
    const found = await findRedisServer();
    const server = { ...found, env: { ...found.env, ...env } };
    const options = { dir: join(home, 'redis'), appendonly, config: { ...config }, server };
    const running = await startRedis(options);
    const client = new Redis(running.url, { retryStrategy: () => 50 });
    // Without a listener an `error` event after the test has killed Redis would end the test's process.
    client.on('error', () => {});
    return new FleetRedis(running, options, client);
  }

  get url(): string {
    return this.running.url;
  }

  get pid(): number {
    return this.running.pid;
  }

  /** Sends SIGKILL and resolves when the process has ended. */
  async kill(): Promise<void> {
    this.running.process.kill('SIGKILL');
    await ended(this.running.process, 5_000);
  }

  /** The folder of its data. */
  get dir(): string {
    return this.options.dir;
  }

  /** Starts Redis again on the same port, with its stored data. Resolves when it answers. */
  async restart(): Promise<void> {
    await this.kill();
    await this.startAgain();
  }

  /** Starts a Redis again that was killed, with additional settings in `config`. */
  async startAgain(config: Readonly<Record<string, string | number>> = {}): Promise<void> {
    const { options } = this;
    this.running = await startRedis({ ...options, config: { ...options.config, ...config }, port: this.running.port });
  }

  /** Copies the current data for a later fallback. Works only with `appendonly`. */
  async keep(): Promise<KeptStore> {
    const folder = `${this.dir}-kept-${++this.keptCount}`;
    await cp(join(this.dir, 'appendonlydir'), folder, { recursive: true });
    return folder as KeptStore;
  }

  /** Kills Redis and starts it again with a copy from `keep`, or empty. Resolves when it answers. */
  async fallBack(to: KeptStore | 'nothing'): Promise<void> {
    await this.kill();
    const folder = join(this.dir, 'appendonlydir');
    await rm(folder, { recursive: true, force: true });
    if (to !== 'nothing') await cp(to, folder, { recursive: true });
    await this.startAgain();
  }

  /** Suspends Redis: its connections stay open, but it does not answer. */
  pause(): void {
    this.running.process.kill('SIGSTOP');
  }

  resume(): void {
    this.running.process.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    this.client.disconnect();
    await this.kill();
  }
}
