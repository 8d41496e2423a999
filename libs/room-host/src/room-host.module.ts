import { type DynamicModule, Module } from '@nestjs/common';
import { Appender } from './appender.js';
import { Arrivals } from './arrivals.js';
import { Attachments } from './attachments.js';
import { Auditor } from './auditor.js';
import { Checkpointer } from './checkpointer.js';
import { CommandBatch } from './command-batch.js';
import { DetachedFailures } from './detached-failures.js';
import { EffectRunner } from './effect-runner.js';
import { EffectWatch } from './effect-watch.js';
import { EndedGames } from './ended-games.js';
import { HostedRooms } from './hosted-rooms.js';
import { Leavers } from './leavers.js';
import { LoadRequests } from './load-requests.js';
import { Mover } from './mover.js';
import { ReservationReturner } from './reservation-returner.js';
import { ResyncWatch } from './resync-watch.js';
import { RoomClock } from './room-clock.js';
import { RoomEngine } from './room-engine.js';
import { RoomHappenings } from './room-happenings.js';
import { ROOM_HOST_DEFAULTS, ROOM_HOST_OPTIONS, type RoomHostOptions } from './room-host.options.js';
import { RoomIntake } from './room-intake.js';
import { RoomMaintenance } from './room-maintenance.js';
import { RoomOutputs } from './room-outputs.js';
import { TimeAlone } from './time-alone.js';

const PROVIDERS = [
  HostedRooms,
  RoomOutputs,
  Appender,
  RoomEngine,
  CommandBatch,
  RoomClock,
  Attachments,
  ResyncWatch,
  Leavers,
  LoadRequests,
  Checkpointer,
  EffectRunner,
  EffectWatch,
  EndedGames,
  Auditor,
  TimeAlone,
  RoomIntake,
  Arrivals,
  Mover,
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
        RoomHappenings,
        ReservationReturner,
        DetachedFailures,
      ],
      exports: [ROOM_HOST_OPTIONS, ...PROVIDERS],
    };
  }
}
