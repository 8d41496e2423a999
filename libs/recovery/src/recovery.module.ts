import { type DynamicModule, Module } from '@nestjs/common';
import { GameServerCleanup } from './game-server-cleanup.js';
import { OrphanSweeper } from './orphan-sweeper.js';
import { OwnerContact } from './owner-contact.js';
import { PlacementEligibility } from './placement-eligibility.js';
import { RECOVERY_OPTIONS, type RecoveryOptions } from './recovery.options.js';
import { RoomRecovery } from './room-recovery.js';

const PROVIDERS = [RoomRecovery, GameServerCleanup, OwnerContact, PlacementEligibility];

/** Needs `RoomStoreModule`, `PlacementModule`, `FleetModule` and Nest's schedules. */
@Module({})
export class RecoveryModule {
  static forRoot(options: RecoveryOptions): DynamicModule {
    return {
      module: RecoveryModule,
      global: true,
      providers: [{ provide: RECOVERY_OPTIONS, useValue: options }, ...PROVIDERS, OrphanSweeper],
      exports: PROVIDERS,
    };
  }
}
