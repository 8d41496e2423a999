import { Command, Game, type GameRoom, type GameRules, type GameTypes, type Setup } from '@holdfast/game-kit';
import { z } from 'zod';

export interface Profile {
  readonly title: string;
  readonly isSuspended: boolean;
}

export interface LeagueTypes extends GameTypes {
  events: { 'shot-taken': { by: string; score: number } };
  /** The operator lets the tokens of players have a division (`AUTH_JWT_CLAIMS=division`). */
  claims: { division: number };
  loaded: { profiles: Profile[] };
}

export interface Score {
  players: { title: string; division: number | null; score: number }[];
}

const Shot = z.strictObject({ score: z.int().min(0).max(10) });

@Game({ name: 'league', version: 1, seats: { min: 1, max: 4 } })
export class League implements GameRules<Score> {
  setup({ seats, loaded }: Setup<undefined, LeagueTypes>): Score {
    return {
      players: loaded.profiles.map(({ title }, seat) => ({ title, division: seats[seat].claims?.division ?? null, score: 0 })),
    };
  }

  @Command(Shot)
  'take-shot'(room: GameRoom<Score, never, LeagueTypes>, { score }: z.infer<typeof Shot>): void {
    room.state.players[room.seat].score += score;
    room.emit('shot-taken', { by: room.seats[room.seat].name, score });
  }
}
