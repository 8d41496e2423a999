import { Module } from '@nestjs/common';
import { z } from 'zod';
import { Command, Game, type GameRoom, type GameRules, Input, InterestGrid, OnStep, type Setup, View } from '#libs/game-kit';
import { FULL_TURN, move, type Ship, SIDE, STEPS_PER_SECOND } from './real-time/world.js';

export interface Taps {
  /** Number of applied commands per seat. The load generator compares this number with its own count. */
  taps: number[];
  /** The last payload. It is in the state, so that every payload is also sent to the players. */
  last: string;
}

/** The minimum that a game can do with a payload: count it, store it, show it. */
class Tapping implements GameRules<Taps> {
  setup({ seats }: Setup): Taps {
    return { taps: seats.map(() => 0), last: '' };
  }

  @Command(z.string().max(1_024))
  tap({ state, seat }: GameRoom<Taps>, payload: string): void {
    state.taps[seat] += 1;
    state.last = payload;
  }
}

@Game({ name: 'durable', version: 1, seats: 2, durability: 'every-change' })
export class Durable extends Tapping {}

@Game({ name: 'fleeting', version: 1, seats: 2, durability: 'none' })
export class Fleeting extends Tapping {}

/** One player per room and nothing stored: measures the way of a message to the game and back, and little else. */
@Game({ name: 'echo', version: 1, seats: 1, durability: 'none' })
export class Echo extends Tapping {}

/** Like `Echo`, but each change is stored: measures the cost of a change, with one connection per room. */
@Game({ name: 'diary', version: 1, seats: 1, durability: 'every-change' })
export class Diary extends Tapping {}

export interface Ships {
  readonly ships: Ship[];
}

const Direction = z.number().int().min(0).lt(FULL_TURN);

/** All ships move in each step. Players steer them. */
class Steered implements GameRules<Ships> {
  setup(room: Setup): Ships {
    return { ships: room.seats.map(() => ({ x: Math.floor(room.random() * SIDE), y: Math.floor(room.random() * SIDE) })) };
  }

  @OnStep(STEPS_PER_SECOND)
  step(room: GameRoom<Ships, z.output<typeof Direction>>): void {
    for (const [seat, ship] of room.state.ships.entries()) move(ship, room.input(seat) ?? 0);
  }
}

const ARENA = { version: 1, seats: { min: 1, max: 200 } } as const;

@Game({ name: 'arena-none', durability: 'none', ...ARENA })
@Input(Direction)
export class FleetingArena extends Steered {}

@Game({ name: 'arena-checkpoint', durability: 'checkpoint', ...ARENA })
@Input(Direction)
export class CheckpointArena extends Steered {}

@Game({ name: 'arena-every-change', durability: 'every-change', ...ARENA })
@Input(Direction)
export class DurableArena extends Steered {}

/** The distance within which a player sees other ships. With 200 ships, 20 are in this circle on average. */
const SIGHT = SIDE * Math.sqrt(20 / 200 / Math.PI);

/** Each player sees the ships around the own one. */
@Game({ name: 'arena-interest', durability: 'none', ...ARENA })
@Input(Direction)
export class InterestArena extends Steered {
  private readonly grids = new WeakMap<Ships, InterestGrid>();

  @View()
  protected view(state: Ships, seat: number | null): { ships: Record<number, Ship> } {
    const { ships } = state;
    if (seat === null) return { ships: { ...ships } };
    const grid = this.grids.get(state) ?? new InterestGrid(ships, SIGHT);
    this.grids.set(state, grid);
    const seen: Record<number, Ship> = {};
    for (const index of grid.near(ships[seat], { enter: SIGHT, leave: SIGHT })) seen[index] = ships[index];
    return { ships: seen };
  }
}

export interface Moving {
  bodies: { x: number; y: number }[];
}

/** A game with 16 bodies. In each step, 8 of them move. */
class Steps implements GameRules<Moving> {
  setup(): Moving {
    return { bodies: Array.from({ length: 16 }, (_, index) => ({ x: index, y: 0 })) };
  }

  @OnStep(20)
  protected move({ state }: GameRoom<Moving>): void {
    for (let index = 0; index < state.bodies.length; index += 2) {
      const body = state.bodies[index];
      body.x = (body.x + 1) % 1_000;
      body.y = (body.y + 3) % 1_000;
    }
  }
}

@Game({ name: 'steps-durable', version: 1, seats: 1, durability: 'every-change' })
export class StepsDurable extends Steps {}

@Game({ name: 'steps-checkpoint', version: 1, seats: 1, durability: 'checkpoint' })
export class StepsCheckpoint extends Steps {}

@Module({
  providers: [Durable, Fleeting, Echo, Diary, StepsDurable, StepsCheckpoint, FleetingArena, CheckpointArena, DurableArena, InterestArena],
})
export class BenchGamesModule {}
