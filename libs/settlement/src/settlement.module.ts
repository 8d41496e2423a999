import { Global, Module } from '@nestjs/common';
import { SettledGuard } from './settled-guard.js';
import { StoreSettlement } from './store-settlement.js';

/** Needs `FleetModule` and `RoomStoreModule`. */
@Global()
@Module({ providers: [StoreSettlement, SettledGuard], exports: [StoreSettlement, SettledGuard] })
export class SettlementModule {}
