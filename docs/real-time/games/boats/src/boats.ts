import { Game, type GameRoom, Input, OnStep, type Setup } from '@holdfast/game-kit';
import { z } from 'zod';
import { type Boat, IDLE, type Rudder, STEP_HZ, sail } from './motion.js';

const Steering = z.strictObject({ turn: z.literal([-1, 0, 1]), sail: z.boolean() });

export interface Bay {
  boats: Boat[];
}

@Game({ name: 'boats', version: 1, seats: { min: 1, max: 8 }, durability: 'every-change' })
@Input(Steering)
export class Boats {
  setup(room: Setup): Bay {
    return { boats: room.seats.map(({ seat }) => ({ seat, x: 100 * seat, y: 0, heading: 0, speed: 0 })) };
  }

  @OnStep(STEP_HZ)
  protected step(room: GameRoom<Bay, Rudder>, stepMs: number): void {
    for (const boat of room.state.boats) sail(boat, room.input(boat.seat) ?? IDLE, stepMs);
  }
}
