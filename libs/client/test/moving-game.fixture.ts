import type { Seat } from '#libs/protocol';
import { seededRandom } from '#libs/room';
import { type FeedSync, type Interpolation, interpolate, type Prediction, predict, type RoomFeed } from '../src/realtime.js';

/** The game of the simulation. Its ships turn and have a constant speed. So a ship that stands still is always a fault. */
export interface Ship {
  readonly seat: number;
  x: number;
  y: number;
  heading: number;
}

export interface Sky {
  readonly ships: readonly Ship[];
}

export const STEP_MS = 50;
/** The speed of a ship, in units per second. */
export const SPEED = 200;
/** The rate at which a ship turns, in radians per second. */
const TURN_RATE = 3;
export const FRAME_MS = 1_000 / 60;

export function fly(ship: Ship, turn: number, stepMs: number): void {
  ship.heading += (turn * TURN_RATE * stepMs) / 1_000;
  ship.x += (Math.cos(ship.heading) * SPEED * stepMs) / 1_000;
  ship.y += (Math.sin(ship.heading) * SPEED * stepMs) / 1_000;
}

export interface Network {
  /** Round-trip time without jitter and loss, in ms. */
  readonly latencyMs: number;
  /** Maximum random delay that is added to each message, in ms. */
  readonly jitterMs: number;
  /** The fraction of the messages that TCP must repeat, from 0 to 1. Each repeated message delays all later ones. */
  readonly loss: number;
}

export interface Scenario extends Network {
  readonly seed: number;
  readonly durationMs: number;
  /**
   * The period, in ms since the start, in which the server runs no steps and drops player inputs. `isTimeStopped`: the room time also
   * stops.
   */
  readonly pause?: { readonly from: number; readonly to: number; readonly isTimeStopped?: boolean };
  /** Number of steps that a rewind undoes at the end of the period `pause`. */
  readonly rewindSteps?: number;
  /** The period, in ms since the start, in which the page displays no frames. */
  readonly hidden?: { readonly from: number; readonly to: number };
  /**
   * The period, in ms since the start, in which the device sleeps: it displays no frames, and all messages arrive at the end of the period.
   */
  readonly asleep?: { readonly from: number; readonly to: number };
  /** The value of the control `turn` that the player holds for the whole time. Default: the value changes at random. */
  readonly turn?: number;
}

export interface Frame {
  readonly at: number;
  readonly own: Ship | undefined;
  readonly other: Ship | undefined;
  readonly delayMs: number;
}

export interface Run {
  readonly frames: readonly Frame[];
  /** The position of the player's ship on the server, after each step. */
  readonly truth: readonly { readonly at: number; readonly own: Ship }[];
  /** For each sync, the distance by which it corrected the predicted place, in units. */
  readonly corrections: readonly { readonly at: number; readonly length: number }[];
  readonly inputs: readonly { readonly at: number; readonly number: number }[];
  readonly prediction: Prediction<Ship, number>;
}

/** Plays a game of two ships with a virtual clock. Equal scenarios give equal runs. */
export function play(scenario: Scenario): Run {
  return new Simulation(scenario).run();
}

class Simulation {
  private now = 0;
  private readonly random: () => number;
  private readonly events: { readonly at: number; readonly order: number; readonly act: () => void }[] = [];
  private order = 0;
  private readonly up: Stream;
  private readonly down: Stream;
  private readonly feed = new SimulatedRoom();
  private readonly prediction: Prediction<Ship, number>;
  private readonly others: Interpolation<Ship>;

  private sky: Sky = { ships: [newShip(0), newShip(1)] };
  private history: Sky[] = [];
  private version = 0;
  private held = 0;
  private sampled = 0;
  private latest = 0;
  private isRewound = false;

  private readonly frames: Frame[] = [];
  private readonly truth: { at: number; own: Ship }[] = [];
  private readonly corrections: { at: number; length: number }[] = [];
  private readonly inputs: { at: number; number: number }[] = [];

  constructor(private readonly scenario: Scenario) {
    this.random = seededRandom(scenario.seed);
    this.up = new Stream(scenario, this.random);
    this.down = new Stream(scenario, this.random);
    const now = () => this.now;
    const blend = { x: 'linear', y: 'linear', heading: { turn: 2 * Math.PI } } as const;
    const own = (sky: Sky, seat: Seat) => sky.ships.find((ship) => ship.seat === seat);
    this.prediction = predict(this.feed, { stepMs: STEP_MS, own, step: fly, idle: 0, blend, jumpOver: 1_000, now });
    this.others = interpolate(this.feed, { entities: ({ ships }) => ships.slice(1), key: ({ seat }) => seat, blend, jumpOver: 1_000, now });
    this.feed.send = (number, data) => {
      this.inputs.push({ at: this.now, number });
      this.schedule(this.up.arrival(this.now), () => this.input(number, data as number));
    };
  }

  run(): Run {
    const { durationMs } = this.scenario;
    // The server's steps are not aligned with the frames, and the server's clock runs a little faster.
    for (let at = 17; at < durationMs; at += STEP_MS * 0.9999) this.schedule(at, () => this.step());
    for (let at = 0; at < durationMs; at += FRAME_MS) this.schedule(at, () => this.frame());
    this.steer();
    for (;;) {
      this.events.sort((a, b) => b.at - a.at || b.order - a.order);
      const next = this.events.pop();
      if (!next || next.at >= durationMs) break;
      this.now = next.at;
      next.act();
    }
    const { frames, truth, corrections, inputs, prediction } = this;
    return { frames, truth, corrections, inputs, prediction };
  }

  private schedule(at: number, act: () => void): void {
    this.order += 1;
    this.events.push({ at, order: this.order, act });
  }

  private steer(): void {
    const { turn, durationMs } = this.scenario;
    if (turn !== undefined) return this.schedule(300, () => this.prediction.hold(turn));
    for (let at = 300; at < durationMs; at += 150 + this.random() * 1_000) {
      const next = Math.floor(this.random() * 3) - 1;
      this.schedule(at, () => !isIn(this.scenario.asleep, this.now) && this.prediction.hold(next));
    }
  }

  private input(number: number, data: number): void {
    if (isIn(this.scenario.pause, this.now) || number <= this.latest) return;
    this.latest = number;
    this.held = data;
  }

  private step(): void {
    const { pause, rewindSteps = 0, asleep } = this.scenario;
    if (isIn(pause, this.now)) return;
    const isResumed = pause && this.now >= pause.to && this.now < pause.to + STEP_MS;
    const previous = this.sky;
    if (isResumed) {
      this.sky = this.history.at(-1 - rewindSteps) as Sky;
      this.isRewound = rewindSteps > 0;
      // The new owner has no player input until the client sends one.
      this.held = 0;
    }
    const ships = this.sky.ships.map((ship) => ({ ...ship }));
    fly(ships[0] as Ship, this.held, STEP_MS);
    fly(ships[1] as Ship, Math.sin(this.history.length / 10), STEP_MS);
    this.sky = { ships };
    this.history.push(this.sky);
    this.sampled = this.latest;
    this.version += 1;
    this.truth.push({ at: this.now, own: ships[0] as Ship });
    const stopped = pause?.isTimeStopped && this.now >= pause.to ? pause.to - pause.from : 0;
    const sync: FeedSync<Sky> = {
      version: this.version,
      time: Math.round(1_000_000 + this.now * 1.0001 - stopped),
      input: this.sampled,
      state: this.sky,
      previous,
      rewound: this.isRewound,
    };
    this.isRewound = false;
    const arrival = this.down.arrival(this.now);
    this.schedule(asleep && isIn(asleep, arrival) ? asleep.to : arrival, () => this.deliver(sync));
  }

  private deliver(sync: FeedSync<Sky>): void {
    this.feed.deliver(sync);
    this.corrections.push({ at: this.now, length: this.prediction.stats.correction });
  }

  private frame(): void {
    if (isIn(this.scenario.hidden, this.now) || isIn(this.scenario.asleep, this.now)) return;
    const own = this.prediction.sample();
    const other = this.others.sample()[0];
    this.frames.push({ at: this.now, own, other, delayMs: this.others.delayMs });
  }
}

class SimulatedRoom implements RoomFeed<Sky> {
  readonly seat = 0 as Seat;
  send: (number: number, data: unknown) => void = () => {};
  private readonly listeners = new Set<(sync: FeedSync<Sky>) => void>();

  on(_name: 'sync', listener: (sync: FeedSync<Sky>) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  sendInput(number: number, data: unknown): void {
    this.send(number, data);
  }

  deliver(sync: FeedSync<Sky>): void {
    for (const listener of this.listeners) listener(sync);
  }
}

/** One direction of a TCP connection. A lost message is repeated after 200 ms at the earliest, and all later messages wait for it. */
class Stream {
  private last = 0;

  constructor(
    private readonly network: Network,
    private readonly random: () => number,
  ) {}

  arrival(now: number): number {
    const { latencyMs, jitterMs, loss } = this.network;
    const lost = this.random() < loss ? Math.max(200, latencyMs * 1.5) : 0;
    this.last = Math.max(this.last, now + latencyMs / 2 + this.random() * jitterMs + lost);
    return this.last;
  }
}

function newShip(seat: number): Ship {
  return { seat, x: 0, y: seat * 100, heading: 0 };
}

function isIn(span: { readonly from: number; readonly to: number } | undefined, at: number): boolean {
  return span !== undefined && at >= span.from && at < span.to;
}
