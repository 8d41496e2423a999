import { type DynamicModule, Module } from '@nestjs/common';
import { Appender } from './appender.js';
import { Attachments } from './attachments.js';
import { Auditor } from './auditor.js';
import { Checkpointer } from './checkpointer.js';
import { CommandBatch } from './command-batch.js';
import { DepartureReconciler } from './departure-reconciler.js';
import { DetachedFailures } from './detached-failures.js';
import { DowntimeCompensation } from './downtime-compensation.js';
import { EffectRunner } from './effect-runner.js';
import { EffectWatch } from './effect-watch.js';
import { EndedGames } from './ended-games.js';
import { HostedRooms } from './hosted-rooms.js';
import { LeftoverEffects } from './leftover-effects.js';
import { LoadRequests } from './load-requests.js';
import { MachineFactory } from './machine-factory.js';
import { OwnedRoomSweeper } from './owned-room-sweeper.js';
import { PendingAttachments } from './pending-attachments.js';
import { ReservationReturner } from './reservation-returner.js';
import { ResyncWatch } from './resync-watch.js';
import { RoomAdopter } from './room-adopter.js';
import { RoomClock } from './room-clock.js';
import { RoomEngine } from './room-engine.js';
import { RoomEvents } from './room-events.js';
import { ROOM_HOST_DEFAULTS, ROOM_HOST_OPTIONS, type RoomHostOptions } from './room-host.options.js';
import { RoomLoader } from './room-loader.js';
import { RoomMaintenance } from './room-maintenance.js';
import { RoomMigrator } from './room-migrator.js';
import { RoomOpener } from './room-opener.js';
import { RoomOutputs } from './room-outputs.js';

const PROVIDERS = [
  HostedRooms,
  RoomOutputs,
  Appender,
  RoomEngine,
  CommandBatch,
  RoomClock,
  Attachments,
  ResyncWatch,
  DepartureReconciler,
  LoadRequests,
  Checkpointer,
  EffectRunner,
  EffectWatch,
  EndedGames,
  Auditor,
  DowntimeCompensation,
  MachineFactory,
  LeftoverEffects,
  RoomOpener,
  RoomAdopter,
  RoomLoader,
  OwnedRoomSweeper,
  PendingAttachments,
  RoomMigrator,
  RoomMaintenance,
];

/** Needs `GameKitModule` with its games, `RoomStoreModule`, `FleetModule`, `LinkModule` and `WatchdogModule`. */
@Module({})
export class RoomHostModule {
  static forRoot(options: Partial<RoomHostOptions> = {}): DynamicModule {
    return {
      module: RoomHostModule,
      global: true,
      providers: [
        { provide: ROOM_HOST_OPTIONS, useValue: { ...ROOM_HOST_DEFAULTS, ...options } },
        ...PROVIDERS,
        RoomEvents,
        ReservationReturner,
        DetachedFailures,
      ],
      exports: [ROOM_HOST_OPTIONS, ...PROVIDERS],
    };
  }
}
