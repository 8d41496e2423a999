import { Global, Module } from '@nestjs/common';
import { FallbackInterceptor } from './fallback-interceptor.js';
import { SettledGuard } from './settled-guard.js';
import { StoreSettlement } from './store-settlement.js';
import { StoreStartupWait } from './store-startup-wait.js';

const PROVIDERS = [StoreSettlement, SettledGuard, FallbackInterceptor, StoreStartupWait];

/** Needs `FleetModule` and `RoomStoreModule`. */
@Global()
@Module({ providers: PROVIDERS, exports: PROVIDERS })
export class SettlementModule {}
