import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { sleep } from '#libs/async';
import { redacted } from '#libs/redis-url';
import { batchWrites } from './batch-writes.js';
import { connect, type RedisClient } from './connect.js';
import { connectionAdvice, connectionErrorText } from './connection-advice.js';
import { LuaScript } from './lua-script.js';
import { RECONNECT_MS, type RedisOptions } from './redis.options.js';
import { RedisAccess } from './redis-access.js';
import { wrongPolicyOf } from './wrong-policy.js';

export const REDIS_OPTIONS = Symbol('RedisOptions');

/**
 * This process's connections. Each purpose has its own connection, so that a long answer delays no other purpose: `appends` for the rooms'
 * change logs, `subscriptions` for pub/sub (`PubSub`), and `commands` for all other commands.
 */
@Injectable()
export class RedisConnections implements OnApplicationShutdown {
  readonly commands: RedisClient;
  readonly appends: RedisClient;
  readonly subscriptions: RedisClient;
  readonly access: RedisAccess;
  private readonly all: RedisClient[] = [];
  private lastError: string | null = null;
  private reopened = 0;
  private isClosed = false;

  /** @throws an error that names the wrong setting */
  constructor(@Inject(REDIS_OPTIONS) readonly options: RedisOptions) {
    this.access = new RedisAccess(options);
    this.commands = this.open();
    this.appends = this.open();
    this.subscriptions = this.open();
  }

  /** Number of connections that this process has opened again after a loss. */
  get reconnects(): number {
    return this.reopened;
  }

  /** Opens a further connection, which is closed together with the connections of this class. */
  open(): RedisClient {
    const client = connect(this.options, this.access);
    LuaScript.prepare(client);
    if (client instanceof Redis) batchWrites(client);
    // Without a listener, ioredis prints each failed attempt. The listener also stores the reason for error messages.
    client.on('error', (error: Error) => {
      this.lastError = connectionErrorText(error);
    });
    let wasReady = false;
    client.on('ready', () => {
      if (wasReady) this.reopened += 1;
      wasReady = true;
      if (this.isReady) this.lastError = null;
    });
    // ioredis stops reconnecting in rare cases (seen once in forty clients at a Sentinel failover). The server would then stay without this
    // connection, so this listener connects again.
    client.on('end', () => {
      if (!this.isClosed) setTimeout(() => void client.connect().catch(() => {}), RECONNECT_MS);
    });
    this.all.push(client);
    return client;
  }

  /** Opens all connections. @throws an error with advice when Redis does not answer within `timeoutMs`, or when Redis can evict keys */
  async ready(timeoutMs = 5_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (const client of this.all) {
      if (client.status === 'wait') client.connect().catch(() => {});
    }
    for (const client of this.all) {
      while (client.status !== 'ready') {
        if (performance.now() > deadline) throw new Error(`Redis at ${redacted(this.access.url)} ${connectionAdvice(this.lastError)}`);
        await sleep(20);
      }
    }
    await this.refuseEvicting();
  }

  /** A Redis with an eviction policy would silently delete rooms when it is full. */
  private async refuseEvicting(): Promise<void> {
    // Ignores an error, because `EvictionPolicy` reads the policy again later.
    const policy = await wrongPolicyOf(this.commands).catch(() => null);
    if (policy === null) return;
    throw new Error(
      `Redis at ${redacted(this.access.url)} evicts keys when it is full (maxmemory-policy ${policy}), and games would be lost. Set maxmemory-policy to noeviction`,
    );
  }

  /** Opens all connections again at another address. Commands in flight fail; their callers decide whether to repeat them. */
  moveTo(url: string): void {
    this.access.moveTo(url);
    for (const client of this.all) client.disconnect(true);
  }

  get isReady(): boolean {
    return this.commands.status === 'ready' && this.appends.status === 'ready' && this.subscriptions.status === 'ready';
  }

  get why(): string | null {
    return this.lastError;
  }

  /**
   * Closes all connections. Nest calls it at the end of the process.
   *
   * @internal
   */
  onApplicationShutdown(): void {
    this.isClosed = true;
    for (const client of this.all) client.disconnect();
  }
}
