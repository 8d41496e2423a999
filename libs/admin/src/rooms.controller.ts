import { Body, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import type { z } from 'zod';
import type { RoomId } from '#libs/protocol';
import { AdminApi } from './admin-api.decorator.js';
import { RoomOperations } from './room-operations.js';
import { RoomReader } from './room-reader.js';
import {
  AdminRoomView,
  EndAnswer,
  EndBody,
  HistoryAnswer,
  HistoryQuery,
  MigrateAnswer,
  MigrateBody,
  RoomsAnswer,
  RoomsQuery,
} from './schemas.js';

@AdminApi('rooms')
export class RoomsController {
  constructor(
    private readonly rooms: RoomReader,
    private readonly operations: RoomOperations,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Lists rooms, newest first, page by page.' })
  @ApiOkResponse({ standardSchema: RoomsAnswer })
  async list(@Query({ schema: RoomsQuery }) query: RoomsQuery): Promise<RoomsAnswer> {
    return this.rooms.page(query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'One room.' })
  @ApiOkResponse({ standardSchema: AdminRoomView })
  async one(@Param('id') id: RoomId): Promise<AdminRoomView> {
    return this.rooms.one(id);
  }

  @Get(':id/history')
  @ApiOperation({ summary: "The last changes of a room's game, as far back as its log goes." })
  @ApiOkResponse({ standardSchema: HistoryAnswer })
  async history(@Param('id') id: RoomId, @Query({ schema: HistoryQuery }) { limit }: z.infer<typeof HistoryQuery>): Promise<HistoryAnswer> {
    return this.rooms.history(id, limit);
  }

  @Post(':id/migrate')
  @HttpCode(200)
  @ApiOperation({ summary: 'Migrate a room to another game server during the game.' })
  @ApiOkResponse({ standardSchema: MigrateAnswer })
  async migrate(
    @Param('id') id: RoomId,
    @Body({ schema: MigrateBody }) body: z.infer<typeof MigrateBody>,
  ): Promise<z.infer<typeof MigrateAnswer>> {
    return this.operations.migrate(id, body?.to);
  }

  @Post(':id/end')
  @HttpCode(200)
  @ApiOperation({ summary: 'End the game of a room, even when no server owns it. Its players see that an operator ended it.' })
  @ApiOkResponse({ standardSchema: EndAnswer })
  async end(@Param('id') id: RoomId, @Body({ schema: EndBody }) body: z.infer<typeof EndBody>): Promise<z.infer<typeof EndAnswer>> {
    await this.operations.end(id, body ?? {});
    return { room: id, ended: true };
  }
}
