import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { sleep } from '#libs/async';
import { batchWrites } from './batch-writes.js';
import { connect, type RedisClient } from './connect.js';
import { LuaScript } from './lua-script.js';
import { RECONNECT_MS, type RedisOptions } from './redis.options.js';

export const REDIS_OPTIONS = Symbol('RedisOptions');

/**
 * This process's connections. Each purpose has its own, so that a long answer never delays another purpose: `appends` for the
 * rooms' change logs, `subscriptions` for pub/sub (see `PubSub`), and `commands` for everything else.
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

  /** Opens a further connection. It is closed together with the others. */
  open(): RedisClient {
    const client = connect(this.options);
    LuaScript.prepare(client);
    if (client instanceof Redis) batchWrites(client);
    // Without a listener ioredis prints each failed attempt. The reason is kept for error messages.
    client.on('error', (error: Error) => {
      this.lastError = error.message || (error as NodeJS.ErrnoException).code || String(error);
    });
    client.on('ready', () => {
      if (this.isReady) this.lastError = null;
    });
    // ioredis stops reconnecting in rare cases (seen once in forty clients at a Sentinel failover). A server must not.
    client.on('end', () => {
      if (!this.isClosed) setTimeout(() => void client.connect().catch(() => {}), RECONNECT_MS);
    });
    this.all.push(client);
    return client;
  }

  /** Connects all. @throws a clear error when Redis does not answer within `timeoutMs` */
  async ready(timeoutMs = 5_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (const client of this.all) {
      if (client.status === 'wait') client.connect().catch(() => {});
    }
    for (const client of this.all) {
      while (client.status !== 'ready') {
        if (performance.now() > deadline)
          throw new Error(
            `Redis at ${redacted(this.options.url)} does not answer (${this.lastError ?? 'timeout'}). Start it, or set REDIS_URL to one that answers`,
          );
        await sleep(20);
      }
    }
    await this.refuseEvicting();
  }

  /** A Redis with an eviction policy would silently evict rooms when it is full. */
  private async refuseEvicting(): Promise<void> {
    let settings: Record<string, string>;
    try {
      const reply = (await this.commands.call('CONFIG', 'GET', 'maxmemory*')) as string[];
      settings = Object.fromEntries(reply.flatMap((name, index) => (index % 2 === 0 ? [[name, reply[index + 1]!]] : [])));
    } catch {
      // Managed services block CONFIG. There the operator chooses the policy.
      return;
    }
    const policy = settings['maxmemory-policy'];
    if (policy === undefined || policy === 'noeviction' || settings.maxmemory === '0') return;
    throw new Error(
      `Redis at ${redacted(this.options.url)} evicts keys when it is full (maxmemory-policy ${policy}), and games would be lost. Set maxmemory-policy to noeviction`,
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

/** Removes the password for logs. */
export function redacted(url: string): string {
  return url.replace(/\/\/[^@/]*@/g, '//***@');
}
