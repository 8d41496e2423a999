import { Controller, UseGuards, UseInterceptors } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { ChatService } from '#libs/chat';
import { GameCatalogue } from '#libs/lobby';
import type { ChatChannel, PlayerAnswer } from '#libs/protocol';
import { FallbackInterceptor, SettledGuard } from '#libs/settlement';
import { OPERATION_SCHEMAS } from './operation-schemas.js';
import { PlayerRequestPipe, type ValidRequest } from './player-request.pipe.js';

/** Serves the requests of players about chats. */
@Controller()
@UseGuards(SettledGuard)
@UseInterceptors(FallbackInterceptor)
export class ChatController {
  constructor(
    private readonly chat: ChatService,
    private readonly games: GameCatalogue,
  ) {}

  @MessagePattern('chat.send')
  async send(
    @Payload(new PlayerRequestPipe(OPERATION_SCHEMAS['chat.send'])) { caller, data }: ValidRequest<'chat.send'>,
  ): Promise<PlayerAnswer> {
    this.refuseUnknownLobby(data);
    return { data: { message: await this.chat.send(caller, data) } };
  }

  @MessagePattern('chat.history')
  async history(
    @Payload(new PlayerRequestPipe(OPERATION_SCHEMAS['chat.history'])) { caller, data }: ValidRequest<'chat.history'>,
  ): Promise<PlayerAnswer> {
    this.refuseUnknownLobby(data);
    return { data: await this.chat.history(caller, data) };
  }

  @MessagePattern('chat.mute')
  async mute(
    @Payload(new PlayerRequestPipe(OPERATION_SCHEMAS['chat.mute'])) { caller, data }: ValidRequest<'chat.mute'>,
  ): Promise<PlayerAnswer> {
    await this.chat.mute(caller, data);
    return { data: { muted: data.muted } };
  }

  private refuseUnknownLobby(channel: ChatChannel): void {
    if (channel.to === 'lobby') this.games.mustGet(channel.game);
  }
}
