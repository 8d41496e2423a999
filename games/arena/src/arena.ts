import { z } from 'zod';
import {
  Bot,
  type BotInput,
  type BotRoom,
  Game,
  type GameRoom,
  type GameRules,
  Input,
  OnSeat,
  OnStep,
  type RoomContext,
  type Seat,
  type Setup,
} from '#libs/game-kit';
import { ArenaOptions } from './arena.options.js';
import { moveShip } from './motion.js';
import { steer } from './pilot.js';
import { hitBy, isSpent, RELOAD_STEPS } from './shots.js';
import {
  type ArenaState,
  BEHIND_MAX,
  type Controls,
  HEALTH_MAX,
  IDLE,
  rounded,
  SHIP_RADIUS,
  SHIP_STATUS,
  type Ship,
  type Shot,
  STARTS,
  STEP_HZ,
  vectorOf,
} from './world.js';

const SEATS_MAX = 16;
const GONE_STEPS = 2 * STEP_HZ;
const SHIELD_STEPS = 1.5 * STEP_HZ;

const STEP_MS = 1_000 / STEP_HZ;

const Steering = z.strictObject({
  turn: z.union([z.literal(-1), z.literal(0), z.literal(1)]),
  thrust: z.boolean(),
  fire: z.boolean(),
  behind: z.int().min(0).max(BEHIND_MAX).optional(),
});

export interface ArenaResult {
  /** The ships by score, the best first. */
  readonly ranking: readonly { readonly seat: Seat; readonly score: number }[];
}

/** Ships that steer and shoot, in a field with rocks. A ship that is hit four times is destroyed and starts again after two seconds. */
@Game({ name: 'arena', version: 1, seats: { min: 1, max: SEATS_MAX }, joinable: true, pastMs: BEHIND_MAX * STEP_MS })
@Input(Steering)
export class Arena implements GameRules<ArenaState> {
  constructor(private readonly options: ArenaOptions) {}

  setup(room: Setup): ArenaState {
    const state: ArenaState = { step: 0, endsAt: this.options.roundSeconds * STEP_HZ, ships: [], shots: [], lastShot: 0 };
    for (const { seat } of room.seats) state.ships.push(newShip(state, seat, room));
    this.fill(state, room);
    return state;
  }

  @OnStep(STEP_HZ)
  protected step(room: GameRoom<ArenaState, Controls>): void {
    const { state } = room;
    state.step += 1;
    for (const ship of state.ships) {
      if (ship.until !== 0 && ship.until <= state.step) this.changeStatus(room, ship);
      if (ship.status === SHIP_STATUS.gone) continue;
      const controls = room.input(ship.seat) ?? IDLE;
      ship.thrust = controls.thrust;
      moveShip(ship, controls);
      if (controls.fire) shoot(state, ship, controls.behind);
    }
    this.moveShots(room);
    if (state.step >= state.endsAt) room.end(resultOf(state));
  }

  @Bot({ everyMs: STEP_MS })
  protected fly(state: ArenaState, { seat }: BotRoom): BotInput | undefined {
    const ship = state.ships.find((each) => each.seat === seat);
    return ship && { input: steer(state, ship) };
  }

  @OnSeat('joined')
  protected join(room: GameRoom<ArenaState>): void {
    const { state, seat } = room;
    if (state.ships.some((ship) => ship.seat === seat)) return;
    if (state.ships.length >= this.options.shipsMin) removeBot(room);
    state.ships.push(newShip(state, seat, room));
  }

  @OnSeat('left')
  protected leave(room: GameRoom<ArenaState>): void {
    const { state, seat } = room;
    const at = state.ships.findIndex((ship) => ship.seat === seat);
    if (at !== -1) state.ships.splice(at, 1);
    // When a player takes the seat of a bot, the bot leaves and the player gets a new ship.
    if (!room.seats[seat]?.bot) this.fill(state, room);
  }

  /** Adds ships with bots until there are `shipsMin` ships. */
  private fill(state: ArenaState, room: RoomContext): void {
    while (state.ships.length < this.options.shipsMin) {
      const seat = room.addBot(nameOfNextBot(room));
      if (seat === null) return;
      state.ships.push(newShip(state, seat, room));
    }
  }

  private changeStatus(room: GameRoom<ArenaState>, ship: Ship): void {
    if (ship.status === SHIP_STATUS.gone) place(room.state, ship, room);
    else {
      ship.status = SHIP_STATUS.flying;
      ship.until = 0;
    }
  }

  private moveShots(room: GameRoom<ArenaState>): void {
    const { state } = room;
    for (let at = state.shots.length - 1; at >= 0; at--) {
      const shot = state.shots[at]!;
      if (shot.at === state.step) continue;
      const target = hitBy(shot, state.step, this.shipsSeenBy(shot, room));
      if (target?.status === SHIP_STATUS.flying) this.hit(room, target.seat, shot.seat);
      if (target || isSpent(shot, state.step)) state.shots.splice(at, 1);
    }
  }

  /** Returns the ships as the shooting player saw them. A shot then hits the ship at which the player aimed. */
  private shipsSeenBy({ behind = 0 }: Shot, room: GameRoom<ArenaState>): readonly Ship[] {
    // Looks back half a step less than `behind`, because a step can run a little before or after its due time.
    return behind === 0 ? room.state.ships : room.past((behind - 0.5) * STEP_MS).ships;
  }

  private hit(room: GameRoom<ArenaState>, seat: Seat, by: Seat): void {
    const ship = room.state.ships.find((each) => each.seat === seat);
    if (ship?.status !== SHIP_STATUS.flying) return;
    ship.health -= 1;
    if (ship.health > 0) return;
    ship.status = SHIP_STATUS.gone;
    ship.until = room.state.step + GONE_STEPS;
    ship.thrust = false;
    const shooter = room.state.ships.find(({ seat }) => seat === by);
    if (shooter) shooter.score += 1;
    room.emit('destroyed', { seat, by });
  }
}

/** Removes the last bot and its ship, so that a player can take the place. */
function removeBot(room: GameRoom<ArenaState>): void {
  const { ships } = room.state;
  const at = ships.findLastIndex(({ seat }) => room.seats[seat]?.bot);
  if (at === -1) return;
  room.removeBot(ships[at]!.seat);
  ships.splice(at, 1);
}

function nameOfNextBot({ seats }: RoomContext): string {
  const names = new Set(seats.map(({ name, presence }) => (presence === 'left' ? null : name)));
  let number = 1;
  while (names.has(`Bot ${number}`)) number += 1;
  return `Bot ${number}`;
}

function newShip(state: ArenaState, seat: Seat, room: RoomContext): Ship {
  const still = { x: 0, y: 0, vx: 0, vy: 0, heading: 0, thrust: false };
  const ship: Ship = { seat, status: SHIP_STATUS.gone, until: 0, health: 0, loadedAt: 0, score: 0, fired: 0, ...still };
  place(state, ship, room);
  return ship;
}

/** Puts the ship at the start place that is farthest from all other ships. */
function place({ step, ships }: ArenaState, ship: Ship, room: RoomContext): void {
  const others = ships.filter((other) => other.seat !== ship.seat && other.status !== SHIP_STATUS.gone);
  const first = Math.floor(room.random() * STARTS.length);
  let best = STARTS[first]!;
  let farthest = -1;
  for (let offset = 0; offset < STARTS.length; offset++) {
    const start = STARTS[(first + offset) % STARTS.length]!;
    const distance = Math.min(...others.map(({ x, y }) => Math.hypot(x - start.x, y - start.y)), 10_000);
    if (distance <= farthest) continue;
    farthest = distance;
    best = start;
  }
  ship.x = best.x;
  ship.y = best.y;
  ship.vx = 0;
  ship.vy = 0;
  ship.heading = headingToCenter(best);
  ship.health = HEALTH_MAX;
  ship.status = SHIP_STATUS.shielded;
  ship.until = step + SHIELD_STEPS;
}

function headingToCenter({ x, y }: { readonly x: number; readonly y: number }): number {
  const turns = Math.atan2(500 - y, 800 - x) / (2 * Math.PI);
  return Math.round((turns + 1) * 128) % 128;
}

function shoot(state: ArenaState, ship: Ship, behind = 0): void {
  if (ship.loadedAt > state.step) return;
  const { x, y } = vectorOf(ship.heading);
  state.lastShot += 1;
  state.shots.push({
    id: state.lastShot,
    seat: ship.seat,
    x: rounded(ship.x + x * SHIP_RADIUS, 10),
    y: rounded(ship.y + y * SHIP_RADIUS, 10),
    heading: ship.heading,
    at: state.step,
    ...(behind > 0 && { behind }),
  });
  ship.loadedAt = state.step + RELOAD_STEPS;
  ship.fired += 1;
}

function resultOf({ ships }: ArenaState): ArenaResult {
  const ranking = ships.map(({ seat, score }) => ({ seat, score })).sort((a, b) => b.score - a.score);
  return { ranking };
}
