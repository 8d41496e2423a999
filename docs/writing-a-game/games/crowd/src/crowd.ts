import { Game, type GameRoom, type GameRules, Input, InterestGrid, OnStep, type Seat, type Setup, View } from '@holdfast/game-kit';
import { z } from 'zod';

interface Person {
  x: number;
  y: number;
  /** The seats of the persons who are near. */
  sees: readonly number[];
}
interface Square {
  people: Person[];
}

const Walking = z.strictObject({ dx: z.number().min(-1).max(1), dy: z.number().min(-1).max(1) });
const STEP = 4;
const SIDE = 2_000;

/** A person comes into view at 100 units, and goes out of view beyond 120. */
const NEAR = { enter: 100, leave: 120 };

@Game({ name: 'crowd', version: 1, seats: { min: 1, max: 200 }, durability: 'none', quantize: 0.1 })
@Input(Walking)
export class Crowd implements GameRules<Square> {
  setup(room: Setup): Square {
    return { people: room.seats.map(() => ({ x: room.random() * SIDE, y: room.random() * SIDE, sees: [] })) };
  }

  @OnStep(20)
  protected walk(room: GameRoom<Square, z.infer<typeof Walking>>): void {
    const { people } = room.state;
    for (const [seat, person] of people.entries()) {
      const held = room.input(seat);
      person.x += STEP * (held?.dx ?? 0);
      person.y += STEP * (held?.dy ?? 0);
    }
    const grid = new InterestGrid(people, NEAR.enter);
    for (const person of people) person.sees = grid.near(person, NEAR, person.sees);
  }

  @View()
  view({ people }: Square, seat: Seat | null): { id: Seat; x: number; y: number }[] {
    const sees = seat === null ? people.keys() : people[seat].sees;
    return [...sees].map((each) => ({ id: each, x: people[each].x, y: people[each].y }));
  }
}
