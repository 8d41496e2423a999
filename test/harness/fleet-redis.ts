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

/** A Redis of one fleet's own, that a test may stop, kill and look into. */
export class FleetRedis implements FleetStore {
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

  /** As `restart`, of one that was killed. */
  async startAgain(): Promise<void> {
    this.running = await startRedis({ ...this.options, port: this.running.port });
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
