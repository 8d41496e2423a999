import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { HoldfastError, type UserId } from '#libs/protocol';
import type { BanAnswer, SanctionView } from './player-schemas.js';

export interface SanctionRequest {
  readonly by: string;
  readonly until: number | undefined;
  readonly note: string | undefined;
}

@Injectable()
export class PlayerOperations {
  async kick(_user: UserId): Promise<boolean> {
    throw new HoldfastError('unavailable');
  }

  async ban(_user: UserId, _request: SanctionRequest): Promise<Omit<z.infer<typeof BanAnswer>, 'act'>> {
    throw new HoldfastError('unavailable');
  }

  async mute(_user: UserId, _request: SanctionRequest): Promise<SanctionView> {
    throw new HoldfastError('unavailable');
  }

  async lift(_kind: 'ban' | 'mute', _user: UserId): Promise<boolean> {
    throw new HoldfastError('unavailable');
  }
}
