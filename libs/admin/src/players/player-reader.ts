import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { HoldfastError, type UserId } from '#libs/protocol';
import type { PlayerAnswer, PlayersAnswer, PlayersQuery, SanctionsAnswer, SanctionsQuery } from './player-schemas.js';

@Injectable()
export class PlayerReader {
  async page(_query: PlayersQuery): Promise<PlayersAnswer> {
    throw new HoldfastError('unavailable');
  }

  async one(_user: UserId): Promise<PlayerAnswer> {
    throw new HoldfastError('unavailable');
  }

  async sanctions(_kind: 'ban' | 'mute', _query: z.infer<typeof SanctionsQuery>): Promise<SanctionsAnswer> {
    throw new HoldfastError('unavailable');
  }
}
