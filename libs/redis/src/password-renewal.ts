import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Cluster, type Redis } from 'ioredis';
import { RedisConnections } from './redis-connections.js';

/** Interval at which the password's file is read, in ms. */
const READ_EVERY_MS = 2_000;

export type PasswordChange = { readonly isAccepted: true } | { readonly isAccepted: false; readonly message: string };

/**
 * Tries a changed password at Redis immediately. So an operator knows when the old password may be removed. Open connections are not
 * affected. A new connection reads its password from the file.
 */
@Injectable()
export class PasswordRenewal implements OnApplicationBootstrap {
  private accepted: string | undefined;
  private refused: string | undefined;
  private readonly listeners: ((change: PasswordChange) => void)[] = [];

  constructor(private readonly redis: RedisConnections) {}

  /** Call it when all connections are open. Records the current password as accepted. */
  onApplicationBootstrap(): void {
    this.accepted = this.redis.access.credentials.password;
  }

  /** Calls `listener` once for each changed password, and again when Redis accepts a password that it had refused. */
  onChange(listener: (change: PasswordChange) => void): void {
    this.listeners.push(listener);
  }

  /** Tries the password if it has changed. If Redis does not answer, the next call tries again. */
  @Interval(READ_EVERY_MS)
  async read(): Promise<void> {
    const { user, password } = this.redis.access.credentials;
    if (password === undefined || password === this.accepted) return;
    const { commands } = this.redis;
    const nodes: readonly Redis[] = commands instanceof Cluster ? commands.nodes('all') : [commands];
    try {
      await Promise.all(nodes.map((node) => (user === undefined ? node.auth(password) : node.auth(user, password))));
    } catch (error) {
      const { message } = error as Error;
      if (!/^(?:WRONGPASS|ERR)/.test(message) || password === this.refused) return;
      this.refused = password;
      this.notify({ isAccepted: false, message });
      return;
    }
    this.accepted = password;
    this.refused = undefined;
    this.notify({ isAccepted: true });
  }

  private notify(change: PasswordChange): void {
    for (const listener of this.listeners) listener(change);
  }
}
