import { Command, Game, type GameRoom, type GameRules, Input, OnSeat, OnStep, type Seat, type Setup, View } from '@holdfast/game-kit';
import { z } from 'zod';

export interface Farmer {
  readonly seat: Seat;
  x: number;
  /** Only the farmer sees the number of coins. */
  coins: number;
}

export interface Field {
  farmers: Farmer[];
  length: number;
}

const Options = z.strictObject({ map: z.enum(['meadow', 'hill']).default('meadow') });
const Say = z.strictObject({ text: z.string().max(80) });
const Held = z.strictObject({ move: z.literal([-1, 0, 1]) });

export const STEP_HZ = 20;
const SPEED = 40;

@Game({ name: 'harvest', version: 1, seats: { min: 1, max: 8 }, joinable: true, seatGraceMs: 20_000, options: Options })
@Input(Held)
export class Harvest implements GameRules<Field> {
  setup(room: Setup<z.infer<typeof Options> | undefined>): Field {
    room.setMetadata({ farmers: room.seats.length });
    return { farmers: [], length: room.options?.map === 'hill' ? 100 : 200 };
  }

  @OnSeat('joined')
  protected joined(room: GameRoom<Field>): void {
    const { state, seat } = room;
    state.farmers[seat] = { seat, x: 0, coins: Number(room.seats[seat]!.claims?.coins ?? 0) };
    room.setMetadata({ farmers: state.farmers.length });
  }

  @OnSeat('left')
  protected left({ state, seat }: GameRoom<Field>): void {
    state.farmers[seat]!.coins = 0;
  }

  @Command(Say)
  say(room: GameRoom<Field>, { text }: z.infer<typeof Say>): void {
    if (text.trim() === '') room.reject('nothing-said');
    room.emit('said', { seat: room.seat, text });
  }

  @OnStep(STEP_HZ)
  protected move(room: GameRoom<Field, z.infer<typeof Held>>, stepMs: number): void {
    const { state } = room;
    for (const farmer of state.farmers) {
      farmer.x += (room.input(farmer.seat)?.move ?? 0) * SPEED * (stepMs / 1_000);
      if (farmer.x < state.length) continue;
      const others = state.farmers.filter(({ seat }) => seat !== farmer.seat).map(({ seat }) => seat);
      return room.end({ ranking: others.length > 0 ? [[farmer.seat], others] : [[farmer.seat]] });
    }
  }

  @View()
  view(state: Field, seat: Seat | null): Field {
    return { ...state, farmers: state.farmers.map((farmer) => (farmer.seat === seat ? farmer : { ...farmer, coins: 0 })) };
  }
}
