import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import type { Control, FoundPlayers } from '#libs/protocol';
import { SessionTablePlayers } from './session-table-players.js';

/** Answers other gateways, which show the players of this gateway to operators. */
@Controller()
export class GatewayPlayersController {
  constructor(private readonly players: SessionTablePlayers) {}

  @MessagePattern('players.find')
  find(@Payload() search: Control['players.find']['data']): FoundPlayers {
    return this.players.find(search);
  }

  @MessagePattern('player.disconnect')
  disconnect(@Payload() { session, code }: Control['player.disconnect']['data']): Control['player.disconnect']['answer'] {
    return { ended: this.players.disconnect(session, code) };
  }
}
