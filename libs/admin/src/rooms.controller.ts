import { Body, Get, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import type { z } from 'zod';
import type { RoomId } from '#libs/protocol';
import { AdminApi } from './admin-api.decorator.js';
import { ActOn, type Answered } from './audit/act-on.decorator.js';
import { RoomOperations } from './room-operations.js';
import { RoomReader } from './room-reader.js';
import { RoomDetailReader } from './rooms/room-detail-reader.js';
import { RoomReplays } from './rooms/room-replays.js';
import { ReplayAnswer, ReplayQuery, RoomDetail } from './rooms/room-schemas.js';
import { EndAnswer, EndBody, HistoryAnswer, HistoryQuery, MigrateAnswer, MigrateBody, RoomsAnswer, RoomsQuery } from './schemas.js';

@AdminApi('rooms')
export class RoomsController {
  constructor(
    private readonly rooms: RoomReader,
    private readonly details: RoomDetailReader,
    private readonly replays: RoomReplays,
    private readonly operations: RoomOperations,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Lists rooms, page by page, with search, filters and orders.' })
  @ApiOkResponse({ standardSchema: RoomsAnswer })
  async list(@Query({ schema: RoomsQuery }) query: RoomsQuery): Promise<RoomsAnswer> {
    return this.rooms.page(query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'One room, with the connections of its members.' })
  @ApiOkResponse({ standardSchema: RoomDetail })
  async one(@Param('id') id: RoomId): Promise<RoomDetail> {
    return this.details.read(id);
  }

  @Get(':id/history')
  @ApiOperation({ summary: "The last changes of a room's game, as far back as its log goes." })
  @ApiOkResponse({ standardSchema: HistoryAnswer })
  async history(@Param('id') id: RoomId, @Query({ schema: HistoryQuery }) query: z.infer<typeof HistoryQuery>): Promise<HistoryAnswer> {
    return this.replays.history(id, query);
  }

  @Get(':id/replay')
  @ApiOperation({ summary: 'The state of a game at a version, as far back as its log goes, with its timers and seats.' })
  @ApiOkResponse({ standardSchema: ReplayAnswer })
  async replay(@Param('id') id: RoomId, @Query({ schema: ReplayQuery }) { version }: z.infer<typeof ReplayQuery>): Promise<ReplayAnswer> {
    return this.replays.at(id, version);
  }

  @Post(':id/migrate')
  @ActOn('room.migrate', 'id')
  @ApiOperation({ summary: 'Migrate a room to another game server during the game.' })
  @ApiOkResponse({ standardSchema: MigrateAnswer })
  async migrate(
    @Param('id') id: RoomId,
    @Body({ schema: MigrateBody }) body: z.infer<typeof MigrateBody>,
  ): Promise<Answered<typeof MigrateAnswer>> {
    return this.operations.migrate(id, body?.to);
  }

  @Post(':id/end')
  @ActOn('room.end', 'id')
  @ApiOperation({ summary: 'End the game of a room, even when no server owns it. Its players see that an operator ended it.' })
  @ApiOkResponse({ standardSchema: EndAnswer })
  async end(@Param('id') id: RoomId, @Body({ schema: EndBody }) body: z.infer<typeof EndBody>): Promise<Answered<typeof EndAnswer>> {
    await this.operations.end(id, body ?? {});
    return { room: id, ended: true };
  }
}
