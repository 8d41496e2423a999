import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Cluster, Redis } from 'ioredis';
import { ended } from '../../tools/process/leashed.mjs';
import { findRedisServer, startRedis } from '../../tools/redis/index.mjs';

type RunningRedis = Awaited<ReturnType<typeof startRedis>>;

/** What a fleet keeps its rooms in. */
export interface FleetStore {
  readonly url: string;
  /** For the test's own eyes and hands. */
  readonly client: Redis | Cluster;
  stop(): Promise<void>;
}

export interface FleetRedisOptions {
  readonly appendonly?: boolean;
  readonly config?: Readonly<Record<string, string | number>>;
  /** In the environment of its process, besides what it needs. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A copy of what a Redis held at one moment. */
export type KeptStore = string & { readonly kept: true };

/** A Redis of one fleet's own, that a test may stop, kill and look into. */
export class FleetRedis implements FleetStore {
  private keptCount = 0;

  private constructor(
    private running: RunningRedis,
    private readonly options: Parameters<typeof startRedis>[0],
    /** For the test's own eyes and hands. */
    readonly client: Redis,
  ) {}

  static async start(home: string, { appendonly = false, config = {}, env }: FleetRedisOptions = {}): Promise<FleetRedis> {
    const found = await findRedisServer();
    const server = { ...found, env: { ...found.env, ...env } };
    const options = { dir: join(home, 'redis'), appendonly, config: { ...config }, server };
    const running = await startRedis(options);
    const client = new Redis(running.url, { retryStrategy: () => 50 });
    // Without it the silence of a Redis that the test killed would end the test's process.
    client.on('error', () => {});
    return new FleetRedis(running, options, client);
  }

  get url(): string {
    return this.running.url;
  }

  get pid(): number {
    return this.running.pid;
  }

  /** kill -9; resolves when it is gone. */
  async kill(): Promise<void> {
    this.running.process.kill('SIGKILL');
    await ended(this.running.process, 5_000);
  }

  /** Where it keeps its data. */
  get dir(): string {
    return this.options.dir;
  }

  /** On the same port, with what was kept; resolves when it answers. */
  async restart(): Promise<void> {
    await this.kill();
    await this.startAgain();
  }

  /** As `restart`, of one that was killed. `config`: beside the settings that it has. */
  async startAgain(config: Readonly<Record<string, string | number>> = {}): Promise<void> {
    const { options } = this;
    this.running = await startRedis({ ...options, config: { ...options.config, ...config }, port: this.running.port });
  }

  /** Keeps what it holds now beside it, to fall back to. Only with `appendonly`. */
  async keep(): Promise<KeptStore> {
    const folder = `${this.dir}-kept-${++this.keptCount}`;
    await cp(join(this.dir, 'appendonlydir'), folder, { recursive: true });
    return folder as KeptStore;
  }

  /** kill -9, and started again with what it held when `keep` was called, or with nothing. Resolves when it answers. */
  async fallBack(to: KeptStore | 'nothing'): Promise<void> {
    await this.kill();
    const folder = join(this.dir, 'appendonlydir');
    await rm(folder, { recursive: true, force: true });
    if (to !== 'nothing') await cp(to, folder, { recursive: true });
    await this.startAgain();
  }

  /** It holds its connections and answers nobody. */
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
