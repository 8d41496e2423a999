import { Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import type { z } from 'zod';
import { AdminApi } from './admin-api.decorator.js';
import { DrainAnswer, EvictAnswer, ServersAnswer, ServersQuery, ServerView } from './schemas.js';
import { ServerOperations } from './server-operations.js';
import { ServerReader } from './server-reader.js';

@AdminApi('servers')
export class ServersController {
  constructor(
    private readonly servers: ServerReader,
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
  @ApiOperation({ summary: 'One server.' })
  @ApiOkResponse({ standardSchema: ServerView })
  async one(@Param('id') id: string): Promise<ServerView> {
    return this.servers.one(id);
  }

  @Post(':id/cordon')
  @HttpCode(200)
  @ApiOperation({ summary: 'Cordon a game server: it keeps its rooms and gets no new ones.' })
  @ApiOkResponse({ standardSchema: ServerView })
  async cordon(@Param('id') id: string): Promise<ServerView> {
    await this.operations.cordon(id);
    return this.servers.one(id);
  }

  @Post(':id/uncordon')
  @HttpCode(200)
  @ApiOperation({ summary: 'Reopen a cordoned or drained game server. A running drain stops.' })
  @ApiOkResponse({ standardSchema: ServerView })
  async uncordon(@Param('id') id: string): Promise<ServerView> {
    await this.operations.uncordon(id);
    return this.servers.one(id);
  }

  @Post(':id/drain')
  @HttpCode(200)
  @ApiOperation({ summary: 'Cordon a game server and migrate its rooms to others during their games. Answers when that is done.' })
  @ApiOkResponse({ standardSchema: DrainAnswer })
  async drain(@Param('id') id: string): Promise<z.infer<typeof DrainAnswer>> {
    const outcome = await this.operations.drain(id);
    return { ...outcome, server: await this.servers.one(id) };
  }

  @Post(':id/evict')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Evict a server: its rooms are recovered on other servers. A process that is still alive registers again, without rooms.',
  })
  @ApiOkResponse({ standardSchema: EvictAnswer })
  async evict(@Param('id') id: string): Promise<z.infer<typeof EvictAnswer>> {
    const evicted = await this.operations.evict(id);
    // Returns null for the server when its record was removed during the request.
    return { evicted, server: await this.servers.one(id).catch(() => null) };
  }
}
