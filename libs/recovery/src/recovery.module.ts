import { type DynamicModule, Module } from '@nestjs/common';
import { GameServerCleanup } from './game-server-cleanup.js';
import { OrphanSweeper } from './orphan-sweeper.js';
import { OwnerContact } from './owner-contact.js';
import { PlacementEligibility } from './placement-eligibility.js';
import { RECOVERY_OPTIONS, type RecoveryOptions } from './recovery.options.js';
import { RoomRecovery } from './room-recovery.js';

/**
 * Needs `RoomStoreModule`, `PlacementModule`, `FleetModule` and Nest's `ScheduleModule`. In a process with the health checker, the
 * `@Extension` providers of this module also recover the rooms of an evicted server.
 */
@Module({})
export class RecoveryModule {
  static forRoot(options: RecoveryOptions): DynamicModule {
    return {
      module: RecoveryModule,
      providers: [
        { provide: RECOVERY_OPTIONS, useValue: options },
        RoomRecovery,
        GameServerCleanup,
        OwnerContact,
        PlacementEligibility,
        OrphanSweeper,
      ],
    };
  }
}
