import { type GameStart, OnLoad, refuse } from '@holdfast/game-kit';
import { Injectable } from '@nestjs/common';
import { League, type LeagueTypes, type Profile } from './league.js';

/** Where the profiles of users come from. */
export abstract class ProfileStore {
  /** Returns the profile of a user. Undefined: the user has none. */
  abstract find(user: string, signal: AbortSignal): Promise<Profile | undefined>;
}

@Injectable()
export class Profiles {
  constructor(private readonly store: ProfileStore) {}

  @OnLoad(League, { timeoutMs: 5_000 })
  async load({ seats, signal }: GameStart<undefined, LeagueTypes>): Promise<{ profiles: Profile[] }> {
    const found = await Promise.all(seats.map(({ user }) => this.store.find(user, signal)));
    const profiles = found.map((profile) => profile ?? { title: 'Novice', isSuspended: false });
    const suspended = seats.find((_, seat) => profiles[seat].isSuspended);
    if (suspended) throw refuse('suspended', `${suspended.name} may not play right now.`);
    return { profiles };
  }
}
