import { Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { RedisConnections } from './redis-connections.js';
import { wrongPolicyOf } from './wrong-policy.js';

/**
 * Period at which the policy is read, in ms. The policy rarely changes: an operator sets it, or a failover leads to a node with another
 * policy.
 */
const READ_EVERY_MS = 5_000;

/**
 * Reports when Redis begins to evict keys. A server does not start with a Redis that evicts keys (`RedisConnections.ready`), but an
 * operator or a failover can change the policy later.
 */
@Injectable()
export class EvictionPolicy {
  private wrong: string | null = null;
  private readonly listeners: ((wrong: string | null) => void)[] = [];

  constructor(private readonly redis: RedisConnections) {}

  /**
   * Calls `listener` with each policy that evicts keys as soon as Redis has that policy. Calls it with null when Redis no longer evicts
   * keys.
   */
  onChange(listener: (wrong: string | null) => void): void {
    this.listeners.push(listener);
  }

  /** Reads the policy. Reports nothing when Redis does not answer. */
  @Interval(READ_EVERY_MS)
  async read(): Promise<void> {
    const wrong = await wrongPolicyOf(this.redis.commands).catch(() => this.wrong);
    if (wrong === this.wrong) return;
    this.wrong = wrong;
    for (const listener of this.listeners) listener(wrong);
  }
}
