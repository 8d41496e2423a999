import { Game, type GameRoom, type GameRules, Input, OnStep, type Setup } from '@holdfast/game-kit';
import { z } from 'zod';

export interface Race {
  cars: { heading: number; shots: number }[];
}

const Steering = z.strictObject({ turn: z.number().min(-1).max(1), isFiring: z.boolean() });
type Steering = z.output<typeof Steering>;

@Game({ name: 'race', version: 1, seats: { min: 1, max: 4 } })
@Input(Steering)
export class RaceGame implements GameRules<Race> {
  setup({ seats }: Setup): Race {
    return { cars: seats.map(() => ({ heading: 0, shots: 0 })) };
  }

  @OnStep(20)
  protected move(room: GameRoom<Race, Steering>): void {
    for (const [seat, car] of room.state.cars.entries()) {
      const held = room.input(seat);
      if (!held) continue;
      car.heading += held.turn;
      if (!held.isFiring) continue;
      car.shots += 1;
      room.emit('flash', { seat }, { volatile: true });
    }
  }
}
