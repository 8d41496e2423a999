import { type Blend, Blender } from './blend.js';
import { Correction } from './correction.js';
import type { FeedSync, RoomFeed } from './room-feed.js';
import { ServerClock } from './server-clock.js';

/** Number of latest states that are remembered. This number suffices for the longest delay at 60 states per second. */
const STATES_MAX = 64;
/** Default of `delayMs.min`, in ms. */
const DELAY_MS_MIN = 20;
/** Default of `delayMs.max`, in ms. */
const DELAY_MS_MAX = 600;
/** Default of `extrapolateMs`, in ms. */
const EXTRAPOLATE_MS = 150;
/**
 * If the time between two states is longer than this, in ms, the game was paused between them. The motion during a pause is unknown, so the
 * states are not blended.
 */
const PAUSE_MS = 500;
/**
 * Time in ms in which an extrapolated entity returns to its place in the latest state. The return begins `PAUSE_MS` after this state.
 * Between the end of the extrapolation and the return, the entity does not move.
 */
const RETURN_MS = 300;
/** Number of the latest intervals between consecutive states that are remembered. Their median is the usual interval. */
const GAPS = 15;
/**
 * When the interval between two states exceeds this number of usual intervals, the steps between them changed nothing, because the server
 * sends no syncs for such steps.
 */
const IDLE_STEPS = 2.5;
/** Fraction (0 to 1) of the latest syncs that must arrive before their display time. This fraction determines the delay. */
const IN_TIME = 0.9;
/** Margin that is added to the delay, in ms, so that a sync that is a little later still arrives in time. */
const MARGIN_MS = 8;
/**
 * Maximum deviation of the speed of the displayed time, as a fraction of the speed of the server's time. A player does not see a deviation
 * of this size.
 */
const SLEW = 0.1;
/**
 * Maximum error of the displayed time, in ms, that is corrected gradually: the displayed time runs faster or slower. A larger error is
 * corrected at once.
 */
const STEP_OVER_MS = 1_000;

/** The options of `interpolate`. */
export interface InterpolationOptions<State, Entity extends object> {
  /** Returns the entities whose past positions are displayed, such as the ships of all other seats. */
  readonly entities: (state: State) => readonly Entity[];
  /** Returns the key that identifies an entity in all states. */
  readonly key: (entity: Entity) => string | number;
  /** The fields that move smoothly. All other fields change when the displayed time reaches the state that changed them. */
  readonly blend: Blend<Entity>;
  /**
   * Maximum distance of a motion between two states, in the units of the game. A longer motion is shown as a jump, because the game placed
   * the entity elsewhere. Default: no limit.
   */
  readonly jumpOver?: number;
  /** The limits of the delay, in ms. Within these limits, the delay adapts to the jitter. Default: from 20 to 600. */
  readonly delayMs?: { readonly min: number; readonly max: number };
  /** Time for which a motion continues when no new state arrives, in ms. Default: 150. */
  readonly extrapolateMs?: number;
  /** The local clock, in ms. It must never go back. Default: `performance.now`. */
  readonly now?: () => number;
}

/** The result of `interpolate`. */
export interface Interpolation<Entity> {
  /** Returns the entities to draw now. Call this method in each frame. */
  sample(): readonly Entity[];
  /** Time in ms by which the displayed state is older than a state that arrives now with the smallest delay. */
  readonly delayMs: number;
  /** The displayed room time, in ms. Undefined: no state has arrived. */
  readonly time: number | undefined;
  /** Ends the interpolation. */
  stop(): void;
}

/**
 * Displays entities between two states of the server, so that they move smoothly at any frame rate. The delay is as short as the jitter of
 * the connection permits. When a state arrives late, the motion continues for a moment. The next state corrects the error.
 *
 * @example
 * const others = interpolate(room, {
 *   entities: (state) => state.ships.filter((ship) => ship.seat !== room.seat),
 *   key: (ship) => ship.seat,
 *   blend: { x: 'linear', y: 'linear', heading: { turn: 2 * Math.PI } },
 * });
 * const frame = () => (others.sample().forEach(draw), requestAnimationFrame(frame));
 */
export function interpolate<State, Entity extends object>(
  room: RoomFeed<State>,
  options: InterpolationOptions<State, Entity>,
): Interpolation<Entity> {
  return new EntityInterpolation(room, options);
}

type Key = string | number;

interface Snapshot<Entity> {
  readonly time: number;
  readonly entities: ReadonlyMap<Key, Entity>;
}

class EntityInterpolation<State, Entity extends object> implements Interpolation<Entity> {
  private readonly now: () => number;
  private readonly clock = new ServerClock();
  private readonly blender: Blender<Entity>;
  private readonly corrections = new Map<Key, Correction<Entity>>();
  private readonly limits: { readonly min: number; readonly max: number };
  private readonly extrapolateMs: number;
  private readonly jumpOver: number;
  private readonly off: () => void;
  private snapshots: Snapshot<Entity>[] = [];
  /** The latest intervals between consecutive states, in ms. */
  private gaps: number[] = [];
  /** The median of `gaps`, in ms. */
  private intervalMs = Number.POSITIVE_INFINITY;
  private displayed = Number.NaN;
  private sampledAt = 0;
  private delay: number;

  constructor(
    room: RoomFeed<State>,
    private readonly options: InterpolationOptions<State, Entity>,
  ) {
    this.now = options.now ?? (() => performance.now());
    this.limits = options.delayMs ?? { min: DELAY_MS_MIN, max: DELAY_MS_MAX };
    if (!(this.limits.min >= 0 && this.limits.max >= this.limits.min))
      throw new RangeError('delayMs must be { min, max } in ms, with 0 <= min <= max.');
    this.delay = this.limits.min;
    this.extrapolateMs = options.extrapolateMs ?? EXTRAPOLATE_MS;
    this.jumpOver = options.jumpOver ?? Number.POSITIVE_INFINITY;
    this.blender = new Blender(options.blend);
    this.off = room.on('sync', (sync) => this.take(sync));
  }

  sample(): readonly Entity[] {
    const now = this.now();
    this.play(now);
    const entities = this.at(this.displayed);
    for (const [key, correction] of this.corrections) {
      const entity = entities.get(key);
      if (entity) correction.apply(entity, now);
      else this.corrections.delete(key);
    }
    return [...entities.values()];
  }

  get delayMs(): number {
    return this.delay;
  }

  get time(): number | undefined {
    return Number.isNaN(this.displayed) ? undefined : this.displayed;
  }

  stop(): void {
    this.off();
  }

  private take(sync: FeedSync<State>): void {
    if (sync.state === undefined) return;
    const now = this.now();
    const time = sync.time ?? now;
    const latest = this.snapshots.at(-1);
    if (!latest) this.displayed = time;
    const gap = latest ? time - latest.time : 0;
    // Two syncs with the same room time belong to one step. The server may have sent the second sync much later, so the clock ignores it.
    if (!latest || gap !== 0) this.clock.take(time, now);
    // True when the game was rewound or paused between the two states, so that the motion between them is unknown.
    const isApart = latest !== undefined && (gap < 0 || gap > PAUSE_MS || sync.rewound === true);
    const shown = latest && (isApart || this.displayed > latest.time) ? this.shown() : undefined;
    if (isApart) this.snapshots = [];
    else if (latest && gap === 0) this.snapshots.pop();
    else if (latest) this.await(latest, time);
    const entities = this.options.entities(sync.state).map((entity) => [this.options.key(entity), entity] as const);
    this.snapshots.push({ time, entities: new Map(entities) });
    if (this.snapshots.length > STATES_MAX) this.snapshots.shift();
    if (shown) this.slide(shown);
  }

  /**
   * Measures the interval between the last state and a new state. The server sends no sync for a step that changed nothing. So after a long
   * interval, nothing moved until one usual interval before the new state. To show this, inserts a copy of the older state at that time.
   */
  private await(latest: Snapshot<Entity>, time: number): void {
    const gap = time - latest.time;
    if (gap > this.intervalMs * IDLE_STEPS) this.snapshots.push({ ...latest, time: time - this.intervalMs });
    this.gaps = [...this.gaps.slice(1 - GAPS), gap];
    this.intervalMs = [...this.gaps].sort((a, b) => a - b)[this.gaps.length >> 1] as number;
  }

  /** Starts a correction for each entity whose displayed place a new state has changed. */
  private slide(shown: ReadonlyMap<Key, Entity>): void {
    const actual = this.at(this.displayed);
    for (const [key, entity] of shown) {
      const next = actual.get(key);
      if (!next) continue;
      const correction = this.corrections.get(key) ?? new Correction(this.blender, this.jumpOver);
      this.corrections.set(key, correction);
      correction.begin(entity, next, this.sampledAt);
    }
  }

  /** Returns the entities that the latest call of `sample` returned, by key. */
  private shown(): ReadonlyMap<Key, Entity> {
    const entities = this.at(this.displayed);
    for (const [key, entity] of entities) this.corrections.get(key)?.apply(entity, this.sampledAt);
    return entities;
  }

  /** Advances the displayed time, a little faster or slower than the server's time until the delay fits the jitter. */
  private play(now: number): void {
    const elapsed = Math.max(now - this.sampledAt, 0);
    if (!this.clock.isSet) return;
    const interval = Number.isFinite(this.intervalMs) ? this.intervalMs : 0;
    const needed = interval + this.clock.latenessMs(IN_TIME) + MARGIN_MS;
    this.delay = Math.min(Math.max(needed, this.limits.min), this.limits.max);
    const target = this.clock.at(now) - this.delay;
    const error = target - (this.displayed + elapsed);
    if (elapsed > STEP_OVER_MS) {
      // The page has drawn no frames for a while, so there is no displayed motion to continue.
      this.displayed = target;
      this.corrections.clear();
    } else if (Math.abs(error) > STEP_OVER_MS) {
      const shown = this.shown();
      this.displayed = target;
      this.slide(shown);
    } else this.displayed += elapsed + Math.min(Math.max(error * SLEW, -elapsed * SLEW), elapsed * SLEW);
    this.sampledAt = now;
  }

  /** Returns copies of all entities at a room time. */
  private at(time: number): Map<Key, Entity> {
    const entities = new Map<Key, Entity>();
    const { snapshots } = this;
    if (snapshots.length === 0) return entities;
    let after = snapshots.findIndex((snapshot) => snapshot.time > time);
    const isBeyond = after === -1;
    if (isBeyond) after = snapshots.length - 1;
    const from = snapshots[Math.max(after - 1, 0)] as Snapshot<Entity>;
    const to = snapshots[after] as Snapshot<Entity>;
    const span = to.time - from.time;
    const t = span > 0 ? (Math.min(time, to.time + this.beyond(time - to.time)) - from.time) / span : 1;
    const base = isBeyond ? to : from;
    for (const [key, entity] of base.entities) {
      const a = from.entities.get(key);
      const b = to.entities.get(key);
      const isBlended = a && b && t > 0 && this.blender.length(this.blender.offset(a, b)) <= this.jumpOver;
      entities.set(key, isBlended ? this.blender.mix(a, b, t, entity) : { ...entity });
    }
    return entities;
  }

  /** Returns the time in ms by which to extrapolate the motion. `ageMs`: the age of the latest state. */
  private beyond(ageMs: number): number {
    const back = Math.max(ageMs - Math.max(PAUSE_MS, this.extrapolateMs), 0) / RETURN_MS;
    return Math.max(this.extrapolateMs * (1 - back), 0);
  }
}
