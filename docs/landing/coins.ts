import { Command, Game, type GameRoom } from '@holdfast/game-kit';

type Pile = { coins: number; turn: number };

@Game({ name: 'coins', version: 1, seats: 2 })
export class Coins {
  setup = (): Pile => ({ coins: 21, turn: 0 });

  @Command()
  take(room: GameRoom<Pile>): void {
    if (room.seat !== room.state.turn) room.reject('not-your-turn');
    room.state.coins -= 1;
    room.state.turn = 1 - room.seat;
    if (room.state.coins === 0) room.end({ winner: room.seat });
  }
}
