import { Command, Game, type GameRoom, type GameRules, OnStep, type Setup } from '@holdfast/game-kit';
import { z } from 'zod';

export interface Sea {
  boats: { x: number; y: number; heading: number }[];
}

const Steer = z.object({ heading: z.number().min(0).max(360) });

/** Boats drift across a square sea. A crash of the server rewinds them by at most half a second. */
@Game({ name: 'drift', version: 1, seats: { min: 1, max: 8 }, durability: 'checkpoint', checkpointMs: 500, quantize: 0.01 })
export class Drift implements GameRules<Sea> {
  setup(room: Setup): Sea {
    return { boats: room.seats.map(() => ({ x: room.random() * SIDE, y: room.random() * SIDE, heading: 0 })) };
  }

  @Command(Steer)
  steer({ state, seat }: GameRoom<Sea>, { heading }: z.infer<typeof Steer>): void {
    state.boats[seat].heading = heading;
  }

  @OnStep(20)
  protected sail({ state }: GameRoom<Sea>, stepMs: number): void {
    for (const boat of state.boats) {
      const angle = (boat.heading / 180) * Math.PI;
      boat.x = within(boat.x + (Math.sin(angle) * SPEED * stepMs) / 1_000);
      boat.y = within(boat.y - (Math.cos(angle) * SPEED * stepMs) / 1_000);
    }
  }
}

const SIDE = 100;
/** Units of the sea that a boat moves in a second. */
const SPEED = 5;

function within(position: number): number {
  return Math.min(SIDE, Math.max(0, position));
}
