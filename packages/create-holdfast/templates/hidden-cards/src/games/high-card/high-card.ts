import { Command, Game, type GameRoom, type GameRules, OnSeat, type Seat, type Setup, View } from '@holdfast/game-kit';
import { z } from 'zod';

/** The state on the server. Players never get this state: each player gets the result of `view`. */
export interface Table {
  /** The cards in each player's hand. */
  hands: number[][];
  /** The card that each player has put on the table, face down. Null: the player has not put a card yet. */
  played: (number | null)[];
  wins: number[];
  /** The cards of the last round, face up. Null: no round has ended. */
  last: number[] | null;
}

/** The part of the state that one player sees. */
export interface TableView {
  hand: readonly number[];
  /** Number of cards in each hand. */
  handSizes: readonly number[];
  hasPlayed: readonly boolean[];
  wins: readonly number[];
  last: readonly number[] | null;
}

/** The result of a game. No draw is possible: there are five rounds, and no two cards are equal. */
export interface HighCardResult {
  winner: Seat;
}

const CARDS_PER_HAND = 5;
const DECK = Array.from({ length: 20 }, (_, index) => index + 1);
const Play = z.object({ card: z.int() });

/** Both players put a card face down. The higher card wins the round. */
@Game({ name: 'high-card', version: 1, seats: 2 })
export class HighCard implements GameRules<Table> {
  setup(room: Setup): Table {
    const deck = [...DECK];
    const draw = () => deck.splice(Math.floor(room.random() * deck.length), 1)[0]!;
    const hands = room.seats.map(() => Array.from({ length: CARDS_PER_HAND }, draw).sort((a, b) => a - b));
    return { hands, played: [null, null], wins: [0, 0], last: null };
  }

  @Command(Play)
  play(room: GameRoom<Table>, { card }: z.infer<typeof Play>): void {
    const { state, seat } = room;
    const hand = state.hands[seat]!;
    if (state.played[seat] !== null) room.reject('played-already');
    if (!hand.includes(card)) room.reject('not-your-card');
    state.hands[seat] = hand.filter((each) => each !== card);
    state.played[seat] = card;
    const [first, second] = state.played;
    if (first != null && second != null) this.judge(room, first, second);
  }

  /**
   * Holdfast calls `view` for each player, and with the seat null for spectators. Data that `view` leaves out never reaches their machines.
   */
  @View()
  view({ hands, played, wins, last }: Table, seat: Seat | null): TableView {
    return {
      hand: seat === null ? [] : hands[seat]!,
      handSizes: hands.map(({ length }) => length),
      hasPlayed: played.map((card) => card !== null),
      wins,
      last,
    };
  }

  @OnSeat('left')
  protected giveUp(room: GameRoom<Table>): void {
    room.end({ winner: 1 - room.seat } satisfies HighCardResult);
  }

  private judge(room: GameRoom<Table>, first: number, second: number): void {
    const { state } = room;
    const winner = first > second ? 0 : 1;
    state.wins[winner]! += 1;
    state.last = [first, second];
    state.played = [null, null];
    if (state.hands[0]!.length === 0) room.end({ winner: state.wins[0]! > state.wins[1]! ? 0 : 1 } satisfies HighCardResult);
  }
}
