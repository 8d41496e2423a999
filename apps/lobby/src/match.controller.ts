import { Controller, UseGuards, UseInterceptors } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { Matchmaker } from '#libs/lobby';
import type { Control, PlayerAnswer } from '#libs/protocol';
import { viewOf } from '#libs/room-store';
import { FallbackInterceptor, SettledGuard } from '#libs/settlement';
import { OPERATION_SCHEMAS } from './operation-schemas.js';
import { PlayerRequestPipe, type ValidRequest } from './player-request.pipe.js';

/** Requests of players about matchmaking. */
@Controller()
@UseGuards(SettledGuard)
@UseInterceptors(FallbackInterceptor)
export class MatchController {
  constructor(private readonly matchmaker: Matchmaker) {}

  @MessagePattern('match.find')
  async find(
    @Payload(new PlayerRequestPipe(OPERATION_SCHEMAS['match.find'])) { caller, data }: ValidRequest<'match.find'>,
  ): Promise<PlayerAnswer> {
    const room = await this.matchmaker.find(caller, data.game, data.region);
    return room
      ? { data: { room: viewOf(room) }, binding: { room: room.id, watching: false, rev: room.rev } }
      : { data: { waiting: true } };
  }

  @MessagePattern('match.cancel')
  async cancel(
    @Payload(new PlayerRequestPipe(OPERATION_SCHEMAS['match.cancel'])) { caller }: ValidRequest<'match.cancel'>,
  ): Promise<PlayerAnswer> {
    return { data: { cancelled: await this.matchmaker.cancel(caller) } };
  }

  @EventPattern('searcher.gone')
  async gone(@Payload() searcher: Control['searcher.gone']['data']): Promise<void> {
    await this.matchmaker.searcherGone(searcher);
  }
}
