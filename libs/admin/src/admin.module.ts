import { type DynamicModule, Module } from '@nestjs/common';
import { TicketStore } from '#libs/matchmaking';
import { ADMIN_OPTIONS, type AdminOptions } from './admin.options.js';
import { AdminGuard } from './admin-token.js';
import { EventStreams } from './event-streams.js';
import { EventsController, FleetController, IncidentsController } from './fleet.controller.js';
import { FleetCapacity } from './fleet-capacity.js';
import { QueuesController } from './queues.controller.js';
import { RoomOperations } from './room-operations.js';
import { RoomReader } from './room-reader.js';
import { RoomsController } from './rooms.controller.js';
import { ServerOperations } from './server-operations.js';
import { ServerReader } from './server-reader.js';
import { ServersController } from './servers.controller.js';

/**
 * The application must import the modules of every server. `Eviction` comes from the module that `HealthModule.forChecker` returns, so pass
 * that module.
 */
@Module({})
export class AdminModule {
  static forRoot(options: AdminOptions, checker: DynamicModule): DynamicModule {
    return {
      module: AdminModule,
      imports: [checker],
      controllers: [ServersController, RoomsController, FleetController, QueuesController, EventsController, IncidentsController],
      providers: [
        { provide: ADMIN_OPTIONS, useValue: options },
        AdminGuard,
        ServerReader,
        ServerOperations,
        RoomReader,
        RoomOperations,
        EventStreams,
        FleetCapacity,
        TicketStore,
      ],
      exports: [FleetCapacity],
    };
  }
}
