import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { sleep } from '#libs/async';
import { batchWrites } from './batch-writes.js';
import { connect, type RedisClient } from './connect.js';
import { LuaScript } from './lua-script.js';
import { RECONNECT_MS, type RedisOptions } from './redis.options.js';

export const REDIS_OPTIONS = Symbol('RedisOptions');

/**
 * This process's connections, one a purpose, so that a long answer of one never delays another: `commands` for
 * everything, `appends` for the rooms' change logs, `subscriptions` for pub/sub (see `PubSub`).
 */
@Injectable()
export class RedisConnections implements OnApplicationShutdown {
  readonly commands: RedisClient;
  readonly appends: RedisClient;
  readonly subscriptions: RedisClient;
  private readonly all: RedisClient[] = [];
  private lastError: string | null = null;
  private isClosed = false;

  constructor(@Inject(REDIS_OPTIONS) readonly options: RedisOptions) {
    this.commands = this.open();
    this.appends = this.open();
    this.subscriptions = this.open();
  }

  /** A further connection, closed with the others. */
  open(): RedisClient {
    const client = connect(this.options);
    LuaScript.prepare(client);
    if (client instanceof Redis) batchWrites(client);
    // Without a listener ioredis prints each failed attempt; the reason is kept for those who ask why Redis is away.
    client.on('error', (error: Error) => {
      this.lastError = error.message || (error as NodeJS.ErrnoException).code || String(error);
    });
    client.on('ready', () => {
      if (this.isReady) this.lastError = null;
    });
    // ioredis gives up for good in rare cases (seen once in forty clients at a Sentinel failover); a server must not.
    client.on('end', () => {
      if (!this.isClosed) setTimeout(() => void client.connect().catch(() => {}), RECONNECT_MS);
    });
    this.all.push(client);
    return client;
  }

  /** Connects all; throws one clear sentence when Redis does not answer within `timeoutMs`. */
  async ready(timeoutMs = 5_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (const client of this.all) {
      if (client.status === 'wait') client.connect().catch(() => {});
    }
    for (const client of this.all) {
      while (client.status !== 'ready') {
        if (performance.now() > deadline)
          throw new Error(
            `Redis at ${redacted(this.options.url)} does not answer (${this.lastError ?? 'timeout'}); set REDIS_URL to one that does`,
          );
        await sleep(20);
      }
    }
    await this.refuseEvicting();
  }

  /** A Redis that throws keys away when it is full would throw away rooms, and nobody would hear of it. */
  private async refuseEvicting(): Promise<void> {
    let settings: Record<string, string>;
    try {
      const reply = (await this.commands.call('CONFIG', 'GET', 'maxmemory*')) as string[];
      settings = Object.fromEntries(reply.flatMap((name, index) => (index % 2 === 0 ? [[name, reply[index + 1]]] : [])));
    } catch {
      // Managed stores keep CONFIG to themselves; their operators choose the policy.
      return;
    }
    const policy = settings['maxmemory-policy'];
    if (policy === undefined || policy === 'noeviction' || settings.maxmemory === '0') return;
    throw new Error(
      `Redis at ${redacted(this.options.url)} may throw keys away (maxmemory-policy ${policy}); set it to noeviction, or games are lost when it is full`,
    );
  }

  get isReady(): boolean {
    return this.commands.status === 'ready' && this.appends.status === 'ready' && this.subscriptions.status === 'ready';
  }

  get why(): string | null {
    return this.lastError;
  }

  onApplicationShutdown(): void {
    this.isClosed = true;
    for (const client of this.all) client.disconnect();
  }
}

/** No password in a log. */
export function redacted(url: string): string {
  return url.replace(/\/\/[^@/]*@/g, '//***@');
}
