import { cp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Cluster, Redis } from 'ioredis';
import { ended } from '../process/leashed.mjs';
import { until } from '../process/until.mjs';
import { findRedisServer, startRedis } from '../redis/index.mjs';

type RunningRedis = Awaited<ReturnType<typeof startRedis>>;

/** The store of a fleet. */
export interface FleetStore {
  readonly url: string;
  /** Settings that servers need, in addition to the URL, to connect to the store. */
  readonly env?: Readonly<Record<string, string>>;
  /** A client with which the test reads and writes the store directly. */
  readonly client: Redis | Cluster;
  /** Stops all processes of the store. */
  stop(): Promise<void>;
}

/** The paths of PEM files: a CA, and a certificate that this CA signed, with its key. */
export interface RedisTlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** The options of a private Redis. `config`: lines of its configuration. */
export interface FleetRedisOptions {
  readonly appendonly?: boolean;
  /** The password of the user `default`. */
  readonly password?: string;
  /** Files with which Redis accepts only TLS. Clients need no certificate, unless `config` says otherwise. */
  readonly tls?: RedisTlsFiles;
  readonly config?: Readonly<Record<string, string | number>>;
  /** Additional environment variables of the Redis process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The path of a copy of the data of Redis, which `FleetRedis.keep` has made. */
export type KeptStore = string & { readonly kept: true };

/** The private Redis of one fleet. A test may stop it, kill it and read its data. */
export class FleetRedis implements FleetStore {
  private keptCount = 0;

  private constructor(
    private running: RunningRedis,
    private readonly options: Parameters<typeof startRedis>[0],
    /** A client with which the test reads and writes Redis directly. */
    readonly client: Redis,
  ) {}

  /** Starts a Redis with its data in `home`. */
  static async start(home: string, { appendonly = false, config = {}, env, password, tls }: FleetRedisOptions = {}): Promise<FleetRedis> {
    const found = await findRedisServer();
    const server = { ...found, env: { ...found.env, ...env } };
    const options = { dir: join(home, 'redis'), appendonly, password, tls, config: { ...config }, server };
    const running = await startRedis(options);
    const client = new Redis(running.url, { retryStrategy: () => 50, ...(tls && { tls: await clientTls(tls) }) });
    // A listener is needed because tests kill Redis. Without it, the `error` event of the client would end the test's process.
    client.on('error', () => {});
    return new FleetRedis(running, options, client);
  }

  get url(): string {
    return this.running.url;
  }

  get pid(): number {
    return this.running.pid;
  }

  get port(): number {
    return this.running.port;
  }

  /** Sends SIGKILL and resolves when the process has ended. */
  async kill(): Promise<void> {
    this.running.process.kill('SIGKILL');
    await ended(this.running.process, 5_000);
  }

  /** The folder with the data of Redis. */
  get dir(): string {
    return this.options.dir;
  }

  /** Kills Redis and restarts it on the same port with its stored data. Resolves when Redis answers. */
  async restart(): Promise<void> {
    await this.kill();
    await this.startAgain();
  }

  /** Starts the killed Redis again on the same port. `config` may contain additional settings. Resolves when Redis answers. */
  async startAgain(config: Readonly<Record<string, string | number>> = {}): Promise<void> {
    const { options } = this;
    this.running = await startRedis({ ...options, config: { ...options.config, ...config }, port: this.running.port });
  }

  /** Copies the current data, to which `fallBack` can return. Works only with `appendonly`. */
  async keep(): Promise<KeptStore> {
    const folder = `${this.dir}-kept-${++this.keptCount}`;
    await cp(join(this.dir, 'appendonlydir'), folder, { recursive: true });
    return folder as KeptStore;
  }

  /**
   * Kills Redis and restarts it on the same port. Redis then has the data of a copy from `keep`, or no data. Resolves when Redis answers.
   */
  async fallBack(to: KeptStore | 'nothing'): Promise<void> {
    await this.kill();
    const folder = join(this.dir, 'appendonlydir');
    await rm(folder, { recursive: true, force: true });
    if (to !== 'nothing') await cp(to, folder, { recursive: true });
    await this.startAgain();
  }

  /** Writes a backup, as `redis-cli --rdb` does, and returns its file. */
  async backup(): Promise<string> {
    await this.client.save();
    const file = join(this.dir, '..', 'backup.rdb');
    await cp(join(this.dir, 'dump.rdb'), file);
    return file;
  }

  /** Restores a backup as `docs/operations.md` describes it. No server of the fleet may run. */
  async restore(backup: string): Promise<void> {
    await this.kill();
    for (const name of ['appendonlydir', 'dump.rdb']) await rm(join(this.dir, name), { recursive: true, force: true });
    await cp(backup, join(this.dir, 'dump.rdb'));
    await this.startAgain({ appendonly: 'no' });
    await until(() =>
      this.client.config('SET', 'appendonly', 'yes').then(
        () => true,
        () => false,
      ),
    );
    await until(async () => /aof_rewrite_in_progress:0\r.*aof_last_bgrewrite_status:ok/s.test(await this.client.info('persistence')));
  }

  /** Suspends the process of Redis: its connections stay open, but it does not answer. */
  pause(): void {
    this.running.process.kill('SIGSTOP');
  }

  /** Continues the suspended process. */
  resume(): void {
    this.running.process.kill('SIGCONT');
  }

  /** Ends the process and the client. */
  async stop(): Promise<void> {
    this.client.disconnect();
    await this.kill();
  }
}

/** Returns the TLS options of the test's client. The client does not check the name in the certificate. */
async function clientTls({ ca, cert, key }: RedisTlsFiles): Promise<Record<string, unknown>> {
  const [trusted, own, ownKey] = await Promise.all([ca, cert, key].map((path) => readFile(path)));
  return { ca: trusted, cert: own, key: ownKey, checkServerIdentity: () => undefined };
}
