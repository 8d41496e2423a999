import { Body, Get, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import type { z } from 'zod';
import { AdminApi } from './admin-api.decorator.js';
import { ActOn, type Answered, CurrentAct } from './audit/act-on.decorator.js';
import type { RunningAct } from './audit/running-act.js';
import { CordonAnswer, DrainAnswer, DrainBody, EvictAnswer, NoteBody, ServersAnswer, ServersQuery } from './schemas.js';
import { ServerOperations } from './server-operations.js';
import { ServerReader } from './server-reader.js';
import { ServerDetailReader } from './servers/server-detail-reader.js';
import { ServerDetail } from './servers/server-schemas.js';

@AdminApi('servers')
export class ServersController {
  constructor(
    private readonly servers: ServerReader,
    private readonly details: ServerDetailReader,
    private readonly operations: ServerOperations,
  ) {}

  @Get()
  @ApiOperation({ summary: 'All servers, including those that died within the last hour.' })
  @ApiOkResponse({ standardSchema: ServersAnswer })
  async list(@Query({ schema: ServersQuery }) { type }: z.infer<typeof ServersQuery>): Promise<z.infer<typeof ServersAnswer>> {
    const servers = await this.servers.all();
    return { servers: type === undefined ? servers : servers.filter((server) => server.type === type) };
  }

  @Get(':id')
  @ApiOperation({ summary: 'One server: its record, its health checks, its incidents, and what it answers itself now.' })
  @ApiOkResponse({ standardSchema: ServerDetail })
  async one(@Param('id') id: string): Promise<ServerDetail> {
    return this.details.read(id);
  }

  @Post(':id/cordon')
  @ActOn('server.cordon', 'id')
  @ApiOperation({ summary: 'Cordon a game server: it keeps its rooms and gets no new ones.' })
  @ApiOkResponse({ standardSchema: CordonAnswer })
  async cordon(
    @Param('id') id: string,
    @Body({ schema: NoteBody }) _body: z.infer<typeof NoteBody>,
  ): Promise<Answered<typeof CordonAnswer>> {
    await this.operations.cordon(id);
    return this.servers.one(id);
  }

  @Post(':id/uncordon')
  @ActOn('server.uncordon', 'id')
  @ApiOperation({ summary: 'Reopen a cordoned or drained game server. A running drain stops.' })
  @ApiOkResponse({ standardSchema: CordonAnswer })
  async uncordon(
    @Param('id') id: string,
    @Body({ schema: NoteBody }) _body: z.infer<typeof NoteBody>,
  ): Promise<Answered<typeof CordonAnswer>> {
    await this.operations.uncordon(id);
    return this.servers.one(id);
  }

  @Post(':id/drain')
  @ActOn('server.drain', 'id')
  @ApiOperation({ summary: 'Cordon a game server and migrate its rooms to others during their games. Answers when that is done.' })
  @ApiOkResponse({ standardSchema: DrainAnswer })
  async drain(
    @Param('id') id: string,
    @CurrentAct() act: RunningAct,
    @Body({ schema: DrainBody }) body: z.infer<typeof DrainBody>,
  ): Promise<Answered<typeof DrainAnswer>> {
    const drain = await this.operations.drain(id, (progress) => void act.progress(progress));
    if (body?.wait === false) {
      act.endsWith(drain.outcome);
      return { moved: null, left: null, server: await this.servers.one(id) };
    }
    return { ...(await drain.outcome), server: await this.servers.one(id) };
  }

  @Post(':id/evict')
  @ActOn('server.evict', 'id')
  @ApiOperation({
    summary: 'Evict a server: its rooms are recovered on other servers. A process that is still alive registers again, without rooms.',
  })
  @ApiOkResponse({ standardSchema: EvictAnswer })
  async evict(@Param('id') id: string, @Body({ schema: NoteBody }) _body: z.infer<typeof NoteBody>): Promise<Answered<typeof EvictAnswer>> {
    const evicted = await this.operations.evict(id);
    // Returns null for the server when its record was removed during the request.
    return { evicted, server: await this.servers.one(id).catch(() => null) };
  }
}
