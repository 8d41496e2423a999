import { Command, Game, type GameRoom, type GameRules, OnSeat, OnTimer, type Seat, type Setup } from '@holdfast/game-kit';
import { z } from 'zod';

/** The state of a room: plain data, which Holdfast stores and sends. */
export interface Pile {
  coins: number;
  turn: Seat;
}

const TURN_MS = 20_000;
const Take = z.object({ coins: z.int().min(1).max(3) });

/** Two players take one to three coins in turn. The player who takes the last coin wins. */
@Game({ name: 'countdown', version: 1, seats: 2 })
export class Countdown implements GameRules<Pile> {
  setup(room: Setup): Pile {
    room.schedule('turn', TURN_MS);
    return { coins: 21, turn: 0 };
  }

  @Command(Take)
  take(room: GameRoom<Pile>, { coins }: z.infer<typeof Take>): void {
    const { state, seat } = room;
    if (seat !== state.turn) room.reject('not-your-turn');
    if (coins > state.coins) room.reject('too-many');
    state.coins -= coins;
    if (state.coins === 0) return room.end({ winner: seat });
    this.passTurn(room);
  }

  /** The player took too long. */
  @OnTimer('turn')
  protected passTurn(room: GameRoom<Pile>): void {
    room.state.turn = 1 - room.state.turn;
    room.schedule('turn', TURN_MS);
  }

  @OnSeat('left')
  protected left(room: GameRoom<Pile>): void {
    room.end({ winner: 1 - room.seat });
  }
}
