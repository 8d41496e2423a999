import { Command, Game, type GameRoom, type GameRules, OnSeat, OnTimer, type Seat, type Setup, View } from '@holdfast/game-kit';
import { z } from 'zod';

export interface Match {
  /** The hand that each seat shows in this round; null: none yet. */
  hands: (Hand | null)[];
  wins: number[];
  round: number;
}

export type Hand = 'rock' | 'paper' | 'scissors';

const Show = z.object({ hand: z.enum(['rock', 'paper', 'scissors']) });

/** The first player with two wins has won; after nine rounds the match is a draw. */
@Game({ name: 'rock-paper-scissors', version: 2, seats: 2, seatGraceMs: 30_000 })
export class RockPaperScissors implements GameRules<Match> {
  setup(room: Setup): Match {
    room.schedule('round', ROUND_MS);
    return { hands: [null, null], wins: [0, 0], round: 1 };
  }

  @Command(Show)
  show(room: GameRoom<Match>, { hand }: z.infer<typeof Show>): void {
    const { state, seat } = room;
    if (state.hands[seat] !== null) room.reject('shown-already');
    state.hands[seat] = hand;
    if (state.hands.every((shown) => shown !== null)) this.judge(room);
  }

  @OnTimer('round')
  protected judge(room: GameRoom<Match>): void {
    const { state } = room;
    const winner = winnerOf(state.hands);
    room.emit('revealed', { hands: state.hands, winner });
    if (winner !== null) state.wins[winner] += 1;
    if (winner !== null && state.wins[winner] === WINS) return this.finish(room, winner);
    if (state.round === ROUNDS_MAX) return this.finish(room, null);
    state.hands = [null, null];
    state.round += 1;
    room.schedule('round', ROUND_MS);
  }

  @OnSeat('left')
  protected left(room: GameRoom<Match>): void {
    this.finish(room, 1 - room.seat);
  }

  @View()
  view(state: Match, seat: Seat | null): Match {
    return { ...state, hands: state.hands.map((hand, whose) => (whose === seat ? hand : null)) };
  }

  migrateState(state: unknown, fromVersion: number): Match {
    if (fromVersion !== 1) throw new Error(`no way from version ${fromVersion}`);
    // Version 1 did not count rounds.
    const old = state as Omit<Match, 'round'>;
    return { ...old, round: old.wins[0] + old.wins[1] + 1 };
  }

  private finish(room: GameRoom<Match>, winner: Seat | null): void {
    if (winner !== null) room.effect('won', { user: room.seats[winner].user });
    room.end({ winner });
  }
}

const ROUND_MS = 10_000;
const ROUNDS_MAX = 9;
const WINS = 2;
const BEATS: Readonly<Record<Hand, Hand>> = { rock: 'scissors', paper: 'rock', scissors: 'paper' };

/** A player without a hand loses to a player with one. */
function winnerOf([first, second]: readonly (Hand | null)[]): Seat | null {
  if (first === second) return null;
  if (first === null || second === null) return first === null ? 1 : 0;
  return BEATS[first] === second ? 0 : 1;
}
