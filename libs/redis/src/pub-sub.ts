import { Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { RedisConnections } from './redis-connections.js';

export type MessageHandler = (message: string, channel: string) => void;

/** Time between two pings on the subscriber's connection, in ms. Only a missing reply to a ping shows that a quiet connection is broken. */
const PING_MS = 1_000;

/**
 * Pub/sub over one connection, at most once. Messages published while the connection is down are lost, so each listener must also
 * read the current state: on reconnect (`onReconnect`) and periodically.
 */
@Injectable()
export class PubSub {
  private readonly handlers = new Map<string, Set<MessageHandler>>();
  private readonly reconnected = new Set<() => void>();
  private wasReady = false;

  constructor(private readonly redis: RedisConnections) {
    const client = redis.subscriptions;
    client.on('message', (channel: string, message: string) => {
      const handlers = this.handlers.get(channel);
      if (handlers) for (const handler of handlers) handler(message, channel);
    });
    // Subscribes to the channels that were requested while the connection was down.
    client.on('ready', () => void this.restore());
  }

  @Interval(PING_MS)
  protected ping(): void {
    const client = this.redis.subscriptions;
    if (client.status === 'ready') client.ping().catch(() => client.disconnect(true));
  }

  async subscribe(channel: string, handler: MessageHandler): Promise<void> {
    const known = this.handlers.get(channel);
    if (known) {
      known.add(handler);
      return;
    }
    this.handlers.set(channel, new Set([handler]));
    if (this.redis.subscriptions.status === 'ready') await this.redis.subscriptions.subscribe(channel).catch(() => {});
  }

  async unsubscribe(channel: string, handler: MessageHandler): Promise<void> {
    const known = this.handlers.get(channel);
    if (!known?.delete(handler) || known.size > 0) return;
    this.handlers.delete(channel);
    if (this.redis.subscriptions.status === 'ready') await this.redis.subscriptions.unsubscribe(channel).catch(() => {});
  }

  async publish(channel: string, message: string): Promise<void> {
    await this.redis.commands.publish(channel, message);
  }

  /** Calls `listener` after each reconnect, because messages may have been lost while the connection was down. */
  onReconnect(listener: () => void): void {
    this.reconnected.add(listener);
  }

  private async restore(): Promise<void> {
    const channels = [...this.handlers.keys()];
    const isFirst = !this.wasReady;
    this.wasReady = true;
    try {
      if (channels.length > 0) await this.redis.subscriptions.subscribe(...channels);
    } catch {
      // The subscription failed. Closes the connection, because `PubSub` repeats the subscription only on a new connection.
      this.redis.subscriptions.disconnect(true);
      return;
    }
    if (!isFirst) for (const listener of this.reconnected) listener();
  }
}
