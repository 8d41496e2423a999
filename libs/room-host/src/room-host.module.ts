import { type DynamicModule, Module } from '@nestjs/common';
import { Attachments } from './attachments/attachments.js';
import { DelayedSpectators } from './attachments/delayed-spectators.js';
import { PendingAttachments } from './attachments/pending-attachments.js';
import { PlayerLists } from './attachments/player-lists.js';
import { ResyncWatch } from './attachments/resync-watch.js';
import { tracedArrivals } from './attachments/traced-arrivals.js';
import { tracedCommands } from './attachments/traced-commands.js';
import { Appender } from './durability/appender.js';
import { Auditor } from './durability/auditor.js';
import { Checkpointer } from './durability/checkpointer.js';
import { EndedGames } from './durability/ended-games.js';
import { CommandBatch } from './engine/command-batch.js';
import { DetachedFailures } from './engine/detached-failures.js';
import { EffectResults } from './engine/effect-results.js';
import { EffectRunner } from './engine/effect-runner.js';
import { EffectWatch } from './engine/effect-watch.js';
import { RoomClock } from './engine/room-clock.js';
import { RoomEngine } from './engine/room-engine.js';
import { DowntimeCompensation } from './ownership/downtime-compensation.js';
import { GameLoads } from './ownership/game-loads.js';
import { LeftoverEffects } from './ownership/leftover-effects.js';
import { LoadRequests } from './ownership/load-requests.js';
import { LockPublisher } from './ownership/lock-publisher.js';
import { MetadataPublisher } from './ownership/metadata-publisher.js';
import { OwnedRoomSweeper } from './ownership/owned-room-sweeper.js';
import { ReservationReturner } from './ownership/reservation-returner.js';
import { RoomAdopter } from './ownership/room-adopter.js';
import { RoomEventPublisher } from './ownership/room-event-publisher.js';
import { RoomLoader } from './ownership/room-loader.js';
import { RoomMaintenance } from './ownership/room-maintenance.js';
import { RoomMigrator } from './ownership/room-migrator.js';
import { RoomOpener } from './ownership/room-opener.js';
import { SeatReconciler } from './ownership/seat-reconciler.js';
import { HostedRooms } from './room/hosted-rooms.js';
import { MachineFactory } from './room/machine-factory.js';
import { RoomOptionsValidator } from './room/room-options-validator.js';
import { RoomOutputs } from './room/room-outputs.js';
import { ROOM_HOST_DEFAULTS, ROOM_HOST_OPTIONS, type RoomHostOptions } from './room-host.options.js';

const PROVIDERS = [
  HostedRooms,
  RoomOutputs,
  Appender,
  RoomEngine,
  CommandBatch,
  RoomClock,
  Attachments,
  tracedArrivals,
  tracedCommands,
  DelayedSpectators,
  ResyncWatch,
  SeatReconciler,
  LoadRequests,
  Checkpointer,
  EffectResults,
  EffectRunner,
  EffectWatch,
  EndedGames,
  Auditor,
  DowntimeCompensation,
  MachineFactory,
  RoomOptionsValidator,
  LeftoverEffects,
  GameLoads,
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
        RoomEventPublisher,
        ReservationReturner,
        DetachedFailures,
        PlayerLists,
        LockPublisher,
        MetadataPublisher,
      ],
      exports: [ROOM_HOST_OPTIONS, ...PROVIDERS],
    };
  }
}
