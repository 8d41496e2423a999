import { Global, Module } from '@nestjs/common';
import { FallbackInterceptor } from './fallback-interceptor.js';
import { SettledGuard } from './settled-guard.js';
import { StoreSettlement } from './store-settlement.js';

/** Needs `FleetModule` and `RoomStoreModule`. */
@Global()
@Module({ providers: [StoreSettlement, SettledGuard, FallbackInterceptor], exports: [StoreSettlement, SettledGuard, FallbackInterceptor] })
export class SettlementModule {}
