import { Game, type GameRoom, type GameRules, Input, OnSeat, OnStep, type RoomContext, type Seat, type Setup } from '@holdfast/game-kit';
import { z } from 'zod';
import { BAY, type Boat, IDLE, type Rudder, STEP_HZ, sail } from './motion.js';

export interface Bay {
  boats: Boat[];
  /** The buoy that all boats race for. */
  buoy: { x: number; y: number };
}

/** The result of a race. */
export interface BoatsResult {
  winner: Seat;
}

export const BUOYS_TO_WIN = 5;
/** A boat reaches the buoy within this distance, in meters. */
const REACH = 25;

const Steering = z.strictObject({ turn: z.literal([-1, 0, 1]), sail: z.boolean() });

/**
 * Boats race for buoys, in 20 steps per second. `checkpoint`: the state is stored twice per second, so a crash of the server rewinds the
 * race by half a second at most. `joinable`: players come and go while the race runs.
 */
@Game({
  name: 'boats',
  version: 1,
  seats: { min: 1, max: 8 },
  joinable: true,
  durability: 'checkpoint',
  checkpointMs: 500,
  match: { fillMs: 1_000 },
})
@Input(Steering)
export class Boats implements GameRules<Bay> {
  setup(room: Setup): Bay {
    return { boats: room.seats.map(({ seat }) => newBoat(seat)), buoy: newBuoy(room) };
  }

  @OnStep(STEP_HZ)
  protected step(room: GameRoom<Bay, Rudder>, stepMs: number): void {
    const { boats, buoy } = room.state;
    for (const boat of boats) {
      sail(boat, room.input(boat.seat) ?? IDLE, stepMs);
      if (Math.hypot(boat.x - buoy.x, boat.y - buoy.y) > REACH) continue;
      boat.buoys += 1;
      if (boat.buoys === BUOYS_TO_WIN) return room.end({ winner: boat.seat } satisfies BoatsResult);
      Object.assign(buoy, newBuoy(room));
    }
  }

  @OnSeat('joined')
  protected join(room: GameRoom<Bay>): void {
    const { state, seat } = room;
    if (!state.boats.some((boat) => boat.seat === seat)) state.boats.push(newBoat(seat));
  }

  @OnSeat('left')
  protected leave(room: GameRoom<Bay>): void {
    const { state, seat } = room;
    state.boats = state.boats.filter((boat) => boat.seat !== seat);
  }
}

function newBoat(seat: Seat): Boat {
  return { seat, x: 50, y: (BAY.height * (seat + 1)) / 9, heading: 0, speed: 0, buoys: 0 };
}

/** `room.random` is seeded in a test, so that a test can repeat a race. */
function newBuoy(room: RoomContext): Bay['buoy'] {
  const place = (max: number) => Math.round(max * (0.1 + 0.8 * room.random()));
  return { x: place(BAY.width), y: place(BAY.height) };
}
