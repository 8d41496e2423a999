import { type CanActivate, Injectable } from '@nestjs/common';
import { RedisConnections } from '#libs/redis';
import { SETTLE_WAIT_MS } from './settlement.options.js';
import { StoreSettlement } from './store-settlement.js';

/** Holds a request until the store is settled. Throws `unavailable` when that takes too long; a store that is away is found out by the request itself. */
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
