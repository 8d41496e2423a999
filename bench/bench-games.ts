import { Module } from '@nestjs/common';
import { z } from 'zod';
import { Command, Game, type GameRules, type Room, type Setup } from '#libs/game-kit';

export interface Taps {
  /** How many commands of each seat were applied: what the load generator's ledger is compared with. */
  taps: number[];
  /** The last payload, so that what comes in goes out. */
  last: string;
}

/** The least a game can do with a payload: count it, keep it, show it. */
class Tapping implements GameRules<Taps> {
  setup({ seats }: Setup): Taps {
    return { taps: seats.map(() => 0), last: '' };
  }

  @Command(z.string().max(1_024))
  tap({ state, seat }: Room<Taps>, payload: string): void {
    state.taps[seat] += 1;
    state.last = payload;
  }
}

@Game({ name: 'durable', version: 1, seats: 2, durability: 'every-change' })
export class Durable extends Tapping {}

@Game({ name: 'fleeting', version: 1, seats: 2, durability: 'none' })
export class Fleeting extends Tapping {}

/** One in, one out: the frame path and little else. */
@Game({ name: 'echo', version: 1, seats: 1, durability: 'none' })
export class Echo extends Tapping {}

/** The same, saved: what each change costs, with one connection a room. */
@Game({ name: 'diary', version: 1, seats: 1, durability: 'every-change' })
export class Diary extends Tapping {}

@Module({ providers: [Durable, Fleeting, Echo, Diary] })
export class BenchGamesModule {}
