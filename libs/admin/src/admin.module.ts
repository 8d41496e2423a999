import { type DynamicModule, Module } from '@nestjs/common';
import { ExtensionModule } from '#libs/extension';
import { TicketStore } from '#libs/matchmaking';
import { ModerationModule } from '#libs/moderation';
import { AdminGuard } from './access/admin.guard.js';
import { WhoamiController } from './access/whoami.controller.js';
import { ADMIN_OPTIONS, type AdminOptions } from './admin.options.js';
import { ActRecorder } from './audit/act-recorder.js';
import { ActTracker } from './audit/act-tracker.js';
import { ActsController, AuditController } from './audit/audit.controller.js';
import { AuditLog } from './audit/audit-log.js';
import { EventStreams } from './event-streams.js';
import { EventsController, FleetController, IncidentsController } from './fleet.controller.js';
import { FleetCapacity } from './fleet-capacity.js';
import { GatewayPlayers } from './players/gateway-players.js';
import { PlayerOperations } from './players/player-operations.js';
import { PlayerReader } from './players/player-reader.js';
import { BansController, MutesController, PlayersController } from './players/players.controller.js';
import { QueuesController } from './queues.controller.js';
import { RoomOperations } from './room-operations.js';
import { RoomReader } from './room-reader.js';
import { RoomCatalog } from './rooms/room-catalog.js';
import { RoomDetailReader } from './rooms/room-detail-reader.js';
import { RoomReplays } from './rooms/room-replays.js';
import { RoomsController } from './rooms.controller.js';
import { SeriesController } from './series/series.controller.js';
import { SeriesReader } from './series/series-reader.js';
import { SeriesStore } from './series/series-store.js';
import { SeriesWriter } from './series/series-writer.js';
import { ServerOperations } from './server-operations.js';
import { ServerReader } from './server-reader.js';
import { ServerDetailReader } from './servers/server-detail-reader.js';
import { ServersController } from './servers.controller.js';

/**
 * The application must also import the modules that every server needs. `Eviction` comes from the module that `HealthModule.forChecker`
 * returns, so pass that module.
 */
@Module({})
export class AdminModule {
  static forRoot(options: AdminOptions, checker: DynamicModule): DynamicModule {
    return {
      module: AdminModule,
      imports: [checker, ExtensionModule, ModerationModule],
      controllers: [
        WhoamiController,
        FleetController,
        ServersController,
        RoomsController,
        QueuesController,
        PlayersController,
        BansController,
        MutesController,
        SeriesController,
        EventsController,
        IncidentsController,
        AuditController,
        ActsController,
      ],
      providers: [
        { provide: ADMIN_OPTIONS, useValue: options },
        AdminGuard,
        ServerReader,
        ServerOperations,
        ServerDetailReader,
        RoomCatalog,
        RoomReader,
        RoomDetailReader,
        RoomReplays,
        RoomOperations,
        EventStreams,
        FleetCapacity,
        TicketStore,
        AuditLog,
        ActTracker,
        ActRecorder,
        GatewayPlayers,
        PlayerReader,
        PlayerOperations,
        SeriesStore,
        SeriesWriter,
        SeriesReader,
      ],
      exports: [FleetCapacity],
    };
  }
}
