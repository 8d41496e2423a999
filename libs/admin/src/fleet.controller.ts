import { Get, Headers, Inject, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import type { z } from 'zod';
import { EventJournal, Self, ServerDirectory } from '#libs/fleet';
import { ADMIN_OPTIONS, type AdminOptions } from './admin.options.js';
import { AdminApi } from './admin-api.decorator.js';
import { EventStreams, type StreamResponse } from './event-streams.js';
import { FleetCapacity } from './fleet-capacity.js';
import { incidentsOf } from './incidents.js';
import { EventsQuery, EventView, FleetAnswer, IncidentsAnswer, IncidentsQuery } from './schemas.js';

@AdminApi('fleet')
export class FleetController {
  constructor(
    private readonly capacity: FleetCapacity,
    private readonly directory: ServerDirectory,
    private readonly self: Self,
    @Inject(ADMIN_OPTIONS) private readonly options: AdminOptions,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The capacity of the fleet, and the number of game servers that it needs.' })
  @ApiOkResponse({ standardSchema: FleetAnswer })
  fleet(): FleetAnswer {
    const servers: Record<string, number> = {};
    for (const { type, state } of this.directory.all()) servers[`${type} ${state}`] = (servers[`${type} ${state}`] ?? 0) + 1;
    return { gateway: this.self.id, servers, ...this.capacity.now(), scale: this.options.scale };
  }
}

@AdminApi('events')
export class EventsController {
  constructor(private readonly streams: EventStreams) {}

  @Get()
  @ApiOperation({ summary: 'Server-sent events of everything that happens to servers and rooms, each with its reason.' })
  @ApiOkResponse({ standardSchema: EventView, description: 'text/event-stream. The `data` of each event has this form.' })
  events(
    @Query({ schema: EventsQuery }) { recent, kind = [], severity }: z.infer<typeof EventsQuery>,
    @Headers('last-event-id') lastId: string | undefined,
    @Res() response: StreamResponse,
  ): void {
    this.streams.add(response, { lastId, recent, kinds: kind, severity });
  }
}

@AdminApi('incidents')
export class IncidentsController {
  constructor(private readonly journal: EventJournal) {}

  @Get()
  @ApiOperation({
    summary: 'The incidents of the last day, newest first: the suspicion, the verdict, the recovery, and the pause of players.',
  })
  @ApiOkResponse({ standardSchema: IncidentsAnswer })
  async incidents(@Query({ schema: IncidentsQuery }) { limit }: z.infer<typeof IncidentsQuery>): Promise<IncidentsAnswer> {
    const incidents = incidentsOf(await this.journal.readDay()).slice(0, limit);
    return { incidents: incidents.map((incident) => ({ ...incident, reasons: [...incident.reasons] })) };
  }
}
