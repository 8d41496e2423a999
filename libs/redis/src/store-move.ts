import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Redis } from 'ioredis';
import { parseRedisUrl } from '#libs/redis-url';
import { connect } from './connect.js';
import { RedisAccess, readUrlFile } from './redis-access.js';
import { RedisConnections } from './redis-connections.js';
import { judgeMove, type Replication, readReplication, type Silence, type WaitReason } from './replication.js';

/**
 * Interval at which the file of `REDIS_URL_FILE` is read, in ms. It is short, because it is a part of the time for which a move interrupts
 * the server.
 */
export const URL_FILE_READ_MS = 250;

/** The new state of a move to another Redis. `url`: the address of that Redis, as the file of `REDIS_URL_FILE` contains it. */
export type StoreMoveChange =
  | { readonly kind: 'waiting'; readonly url: string; readonly reason: WaitReason }
  | { readonly kind: 'refused'; readonly url: string; readonly message: string }
  | { readonly kind: 'moved'; readonly url: string };

/**
 * The connections that move together. The watchdog's thread moves its own connection, because this thread also works while the main thread
 * is blocked.
 */
export type MovableConnections = Pick<RedisConnections, 'options' | 'access' | 'commands' | 'moveTo'>;

/**
 * Moves this process to another Redis when the address in the file of `REDIS_URL_FILE` changes. The process keeps the old Redis until the
 * new Redis is the primary with the same data, and the old Redis takes no writes any more. So an operator may do the steps of a move in any
 * order, and no process writes to the old Redis after the switch.
 */
@Injectable()
export class StoreMove implements OnApplicationShutdown {
  private candidate: { readonly url: string; readonly client: Redis } | null = null;
  /** The id of the history of the old Redis when it was last seen as the primary. Null: it was not seen as the primary. */
  private history: string | null = null;
  /**
   * The time of the first failure since the last answer of the old Redis, and the number of failures. Null: the old Redis has answered the
   * last request.
   */
  private silent: { readonly since: number; readonly failures: number } | null = null;
  private notified = '';
  private isChecking = false;
  private readonly listeners: ((change: StoreMoveChange) => void)[] = [];

  constructor(@Inject(RedisConnections) private readonly redis: MovableConnections) {}

  /** Calls `listener` each time the state of a move changes. */
  onChange(listener: (change: StoreMoveChange) => void): void {
    this.listeners.push(listener);
  }

  /** Reads the file. Moves this process if the address has changed and the new Redis is ready. Never rejects. */
  @Interval(URL_FILE_READ_MS)
  async check(): Promise<void> {
    const { urlFile } = this.redis.options;
    const { commands, access } = this.redis;
    if (urlFile == null || this.isChecking) return;
    this.isChecking = true;
    try {
      const url = readUrlFile(urlFile) ?? access.url;
      if (url === access.url) this.forget();
      else if (!(commands instanceof Redis)) this.notify({ kind: 'refused', url, message: ONLY_SINGLE });
      else await this.tryMove(url, commands);
    } finally {
      this.isChecking = false;
    }
  }

  onApplicationShutdown(): void {
    this.forget();
  }

  private async tryMove(url: string, commands: Redis): Promise<void> {
    const client = await this.connectionTo(url);
    if (client === null) return;
    const [old, next] = await Promise.all([replicationOf(commands), replicationOf(client)]);
    if (old?.role === 'master') this.history = old.id;
    const verdict = judgeMove({ old, next, silence: this.silence(old), history: this.history });
    if (verdict !== 'move') return this.notify({ kind: 'waiting', url, reason: verdict });
    this.redis.moveTo(url);
    this.forget();
    this.history = null;
    this.notify({ kind: 'moved', url });
  }

  private silence(old: Replication | null): Silence {
    const now = performance.now();
    this.silent = old === null ? { since: this.silent?.since ?? now, failures: (this.silent?.failures ?? 0) + 1 } : null;
    return this.silent === null ? { failures: 0, ms: 0 } : { failures: this.silent.failures, ms: now - this.silent.since };
  }

  /** Returns the connection to the new Redis. Null: a running process cannot move to this address. */
  private async connectionTo(url: string): Promise<Redis | null> {
    if (this.candidate?.url === url) return this.candidate.client;
    this.forget();
    const { options, access } = this.redis;
    try {
      const [from, to] = [access.target, parseRedisUrl(url)];
      if (from.kind !== 'single' || to.kind !== 'single') throw new Error(ONLY_SINGLE);
      if (new URL(from.url).pathname !== new URL(to.url).pathname) throw new Error('The number of the database must stay the same.');
      const client = connect(options, new RedisAccess({ ...options, urlFile: null, url })) as Redis;
      client.on('error', () => {});
      this.candidate = { url, client };
      await client.connect().catch(() => {});
      return client;
    } catch (error) {
      this.notify({ kind: 'refused', url, message: (error as Error).message });
      return null;
    }
  }

  private forget(): void {
    this.candidate?.client.disconnect();
    this.candidate = null;
    this.silent = null;
  }

  private notify(change: StoreMoveChange): void {
    const text = JSON.stringify(change);
    if (text === this.notified) return;
    this.notified = text;
    for (const listener of this.listeners) listener(change);
  }
}

const ONLY_SINGLE =
  'A running server moves only from one single Redis to another. For Sentinel or a Cluster, restart it with the new REDIS_URL.';

async function replicationOf(client: Redis): Promise<Replication | null> {
  try {
    return readReplication(await client.info('replication'));
  } catch {
    return null;
  }
}
