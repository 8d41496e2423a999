import { type DynamicModule, Module } from '@nestjs/common';
import { EvictionPolicy } from './eviction-policy.js';
import { setKeyPrefix } from './key-prefix.js';
import { PasswordRenewal } from './password-renewal.js';
import { PubSub } from './pub-sub.js';
import type { RedisOptions } from './redis.options.js';
import { REDIS_OPTIONS, RedisConnections } from './redis-connections.js';
import { StoreClock } from './store-clock.js';
import { StoreHealth } from './store-health.js';
import { StoreMove } from './store-move.js';

@Module({})
export class RedisModule {
  static forRoot(options: RedisOptions): DynamicModule {
    // The prefix must be set before the first provider builds a name.
    if (options.prefix !== undefined) setKeyPrefix(options.prefix);
    return {
      module: RedisModule,
      global: true,
      providers: [
        { provide: REDIS_OPTIONS, useValue: options },
        RedisConnections,
        PubSub,
        StoreHealth,
        StoreClock,
        EvictionPolicy,
        PasswordRenewal,
        StoreMove,
      ],
      exports: [RedisConnections, PubSub, StoreHealth, StoreClock, EvictionPolicy, PasswordRenewal, StoreMove],
    };
  }
}
