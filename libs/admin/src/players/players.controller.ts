import { Body, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import type { z } from 'zod';
import type { UserId } from '#libs/protocol';
import { CurrentActor } from '../access/current-actor.decorator.js';
import type { Actor } from '../access/roles.js';
import { AdminApi } from '../admin-api.decorator.js';
import { ActOn, type Answered } from '../audit/act-on.decorator.js';
import { NoteBody, NoteQuery } from '../schemas.js';
import { PlayerOperations } from './player-operations.js';
import { PlayerReader } from './player-reader.js';
import {
  BanAnswer,
  KickAnswer,
  LiftAnswer,
  MuteAnswer,
  PlayersAnswer,
  PlayersQuery,
  SanctionBody,
  SanctionsAnswer,
  SanctionsQuery,
  UserAnswer,
} from './player-schemas.js';

@AdminApi('players')
export class PlayersController {
  constructor(
    private readonly players: PlayerReader,
    private readonly operations: PlayerOperations,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The sessions of players at all gateways, by user id, page by page.' })
  @ApiOkResponse({ standardSchema: PlayersAnswer })
  async list(@Query({ schema: PlayersQuery }) query: PlayersQuery): Promise<PlayersAnswer> {
    return this.players.page(query);
  }

  @Get(':user')
  @ApiOperation({ summary: 'One user: the session, the connection, the room, and whether an operator has banned or muted the user.' })
  @ApiOkResponse({ standardSchema: UserAnswer })
  async one(@Param('user') user: UserId): Promise<UserAnswer> {
    return this.players.one(user);
  }

  @Post(':user/kick')
  @ActOn('player.kick', 'user')
  @ApiOperation({ summary: 'End the session of a user. The player leaves the room, and may log in again.' })
  @ApiOkResponse({ standardSchema: KickAnswer })
  async kick(
    @Param('user') user: UserId,
    @Body({ schema: NoteBody }) _body: z.infer<typeof NoteBody>,
  ): Promise<Answered<typeof KickAnswer>> {
    return { user, kicked: await this.operations.kick(user) };
  }

  @Post(':user/ban')
  @ActOn('player.ban', 'user')
  @ApiOperation({ summary: 'Refuse every login of a user, and end the session. A ban of a banned user replaces the earlier one.' })
  @ApiOkResponse({ standardSchema: BanAnswer })
  async ban(
    @Param('user') user: UserId,
    @CurrentActor() actor: Actor,
    @Body({ schema: SanctionBody }) body: z.infer<typeof SanctionBody>,
  ): Promise<Answered<typeof BanAnswer>> {
    return this.operations.ban(user, { by: actor.name, until: body?.until, note: body?.note });
  }

  @Delete(':user/ban')
  @ActOn('player.unban', 'user')
  @ApiOperation({ summary: 'Let a banned user log in again.' })
  @ApiOkResponse({ standardSchema: LiftAnswer })
  async unban(
    @Param('user') user: UserId,
    @Query({ schema: NoteQuery }) _query: z.infer<typeof NoteQuery>,
  ): Promise<Answered<typeof LiftAnswer>> {
    return { user, lifted: await this.operations.lift('ban', user) };
  }

  @Post(':user/mute')
  @ActOn('player.mute', 'user')
  @ApiOperation({ summary: 'Refuse every chat message of a user, in all rooms and lobbies.' })
  @ApiOkResponse({ standardSchema: MuteAnswer })
  async mute(
    @Param('user') user: UserId,
    @CurrentActor() actor: Actor,
    @Body({ schema: SanctionBody }) body: z.infer<typeof SanctionBody>,
  ): Promise<Answered<typeof MuteAnswer>> {
    return { mute: await this.operations.mute(user, { by: actor.name, until: body?.until, note: body?.note }) };
  }

  @Delete(':user/mute')
  @ActOn('player.unmute', 'user')
  @ApiOperation({ summary: 'Let a muted user write in chats again.' })
  @ApiOkResponse({ standardSchema: LiftAnswer })
  async unmute(
    @Param('user') user: UserId,
    @Query({ schema: NoteQuery }) _query: z.infer<typeof NoteQuery>,
  ): Promise<Answered<typeof LiftAnswer>> {
    return { user, lifted: await this.operations.lift('mute', user) };
  }
}

@AdminApi('bans')
export class BansController {
  constructor(private readonly players: PlayerReader) {}

  @Get()
  @ApiOperation({ summary: 'The users that operators have banned from the fleet, newest ban first.' })
  @ApiOkResponse({ standardSchema: SanctionsAnswer })
  async list(@Query({ schema: SanctionsQuery }) query: z.infer<typeof SanctionsQuery>): Promise<SanctionsAnswer> {
    return this.players.sanctions('ban', query);
  }
}

@AdminApi('mutes')
export class MutesController {
  constructor(private readonly players: PlayerReader) {}

  @Get()
  @ApiOperation({ summary: 'The users that operators have muted in all chats, newest first.' })
  @ApiOkResponse({ standardSchema: SanctionsAnswer })
  async list(@Query({ schema: SanctionsQuery }) query: z.infer<typeof SanctionsQuery>): Promise<SanctionsAnswer> {
    return this.players.sanctions('mute', query);
  }
}
