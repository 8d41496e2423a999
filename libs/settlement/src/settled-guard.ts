import { type CanActivate, Injectable } from '@nestjs/common';
import { RedisConnections } from '#libs/redis';
import { SETTLE_WAIT_MS } from './settlement.options.js';
import { StoreSettlement } from './store-settlement.js';

/**
 * Delays a request until the store is settled. Throws `unavailable` when the store is not settled within `SETTLE_WAIT_MS`. Without a
 * connection to the store, the guard lets the request through, and the request itself fails.
 */
@Injectable()
export class SettledGuard implements CanActivate {
  constructor(
    private readonly settlement: StoreSettlement,
    private readonly redis: RedisConnections,
  ) {}

  canActivate(): boolean | Promise<boolean> {
    if (this.settlement.isSettled || !this.redis.isReady) return true;
    return this.settlement.whenSettled(SETTLE_WAIT_MS).then(() => true);
  }
}
