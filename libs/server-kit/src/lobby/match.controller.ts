import { Controller, UseGuards, UseInterceptors } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { Matchmaker } from '#libs/lobby';
import type { Binding, Control, PlayerAnswer } from '#libs/protocol';
import { type RoomRecord, viewOf } from '#libs/room-store';
import { FallbackInterceptor, SettledGuard } from '#libs/settlement';
import { OPERATION_SCHEMAS } from './operation-schemas.js';
import { PlayerRequestPipe, type ValidRequest } from './player-request.pipe.js';

/** Serves the requests of players about matchmaking. */
@Controller()
@UseGuards(SettledGuard)
@UseInterceptors(FallbackInterceptor)
export class MatchController {
  constructor(private readonly matchmaker: Matchmaker) {}

  @MessagePattern('match.find')
  async find(
    @Payload(new PlayerRequestPipe(OPERATION_SCHEMAS['match.find'])) { caller, data }: ValidRequest<'match.find'>,
  ): Promise<PlayerAnswer> {
    const found = await this.matchmaker.find(caller, data);
    return 'room' in found ? { data: { room: viewOf(found.room) }, binding: bindingOf(found.room) } : { data: { waiting: true, ...found } };
  }

  @MessagePattern('match.cancel')
  async cancel(
    @Payload(new PlayerRequestPipe(OPERATION_SCHEMAS['match.cancel'])) { caller }: ValidRequest<'match.cancel'>,
  ): Promise<PlayerAnswer> {
    return { data: { cancelled: await this.matchmaker.cancel(caller) } };
  }

  @MessagePattern('match.accept')
  async accept(
    @Payload(new PlayerRequestPipe(OPERATION_SCHEMAS['match.accept'])) { caller, data }: ValidRequest<'match.accept'>,
  ): Promise<PlayerAnswer> {
    const room = await this.matchmaker.accept(caller, data.offer);
    return { data: { accepted: true }, ...(room && { binding: bindingOf(room) }) };
  }

  @MessagePattern('match.decline')
  async decline(
    @Payload(new PlayerRequestPipe(OPERATION_SCHEMAS['match.decline'])) { caller, data }: ValidRequest<'match.decline'>,
  ): Promise<PlayerAnswer> {
    await this.matchmaker.decline(caller, data.offer);
    return { data: { declined: true } };
  }

  @MessagePattern('match.status')
  async status(
    @Payload(new PlayerRequestPipe(OPERATION_SCHEMAS['match.status'])) { caller }: ValidRequest<'match.status'>,
  ): Promise<PlayerAnswer> {
    return { data: { match: await this.matchmaker.status(caller.user) } };
  }

  @MessagePattern('match.check')
  async check(@Payload() { searches }: Control['match.check']['data']): Promise<Control['match.check']['answer']> {
    return { messages: await this.matchmaker.check(searches) };
  }

  @EventPattern('searcher.gone')
  async gone(@Payload() searcher: Control['searcher.gone']['data']): Promise<void> {
    await this.matchmaker.searcherGone(searcher);
  }
}

function bindingOf({ id, rev }: RoomRecord): Binding {
  return { room: id, watching: false, rev };
}
