import { FRAME_MS, type Frame, type Run, type Ship, SPEED, STEP_MS } from './moving-game.fixture.js';

/** A ship counts as standing still when it moves with less than this fraction of its normal speed. */
const STILL_PART = 0.1;

/** Measures of how smoothly and how correctly a page displayed the ships. Distances are in units of the game's arena. */
export interface Measures {
  /** The longest time in which the player's ship stood still, in ms. */
  readonly stillMs: number;
  /**
   * Distance between the displayed position of the player's own ship and its position on the server: the 95th percentile. The position on
   * the server is read at the time at which the player inputs of the frame arrive there.
   */
  readonly errorP95: number;
  /** Maximum distance between the displayed position of the player's own ship and its position on the server. */
  readonly errorMax: number;
  /** 95th percentile of the distances by which syncs corrected the predicted position. */
  readonly correctionP95: number;
  /** Maximum distance by which a sync corrected the predicted position. */
  readonly correctionMax: number;
  /**
   * Largest change of the motion of the player's ship from one frame to the next, in units. Within one frame, a ship moves by 3.3 units.
   */
  readonly ownJerk: number;
  /** Largest change of the other ship's motion from one frame to the next, in units. */
  readonly otherJerk: number;
  readonly delayMs: number;
}

/** Measures the frames from the time `from` to the time `to`, in ms. */
export function measured(run: Run, latencyMs: number, from = 2_000, to = Number.POSITIVE_INFINITY): Measures {
  const frames = run.frames.filter(({ at }) => at >= from && at < to);
  const errors = frames.flatMap(({ at, own }) => (own ? [errorOf(run, own, at, latencyMs)] : []));
  const corrections = run.corrections.filter(({ at }) => at >= from && at < to).map(({ length }) => length);
  return {
    stillMs: stillMsOf(frames),
    errorP95: part(errors, 0.95),
    errorMax: part(errors, 1),
    correctionP95: part(corrections, 0.95),
    correctionMax: part(corrections, 1),
    ownJerk: jerkOf(frames, ({ own }) => own),
    otherJerk: jerkOf(frames, ({ other }) => other),
    delayMs: part(
      frames.map(({ delayMs }) => delayMs),
      0.5,
    ),
  };
}

/**
 * Returns the smallest distance between the displayed ship and its path on the server, in units. Uses only the few steps around the time at
 * which the player inputs of this moment arrive. This time is not exact, because the server applies a player input in its next step.
 */
function errorOf({ truth }: Run, own: Ship, at: number, latencyMs: number): number {
  let smallest = Number.POSITIVE_INFINITY;
  for (let index = 1; index < truth.length; index++) {
    const to = truth[index] as Run['truth'][number];
    const from = truth[index - 1] as Run['truth'][number];
    if (to.at < at + latencyMs / 2 - STEP_MS || from.at > at + latencyMs / 2 + 3 * STEP_MS) continue;
    for (let t = 0; t <= 1; t += 0.1) {
      const x = from.own.x + (to.own.x - from.own.x) * t;
      const y = from.own.y + (to.own.y - from.own.y) * t;
      smallest = Math.min(smallest, Math.hypot(own.x - x, own.y - y));
    }
  }
  return Number.isFinite(smallest) ? smallest : 0;
}

function stillMsOf(frames: readonly Frame[]): number {
  let longest = 0;
  let since = 0;
  for (let index = 1; index < frames.length; index++) {
    const { own, at } = frames[index] as Frame;
    const before = frames[index - 1] as Frame;
    const elapsed = at - before.at;
    const isStill = !own || !before.own || Math.hypot(own.x - before.own.x, own.y - before.own.y) < (SPEED * elapsed * STILL_PART) / 1_000;
    // After a gap in the frames, the measurement starts from 0, because the page displayed nothing during the gap.
    since = isStill && elapsed < 2 * FRAME_MS ? since + elapsed : 0;
    longest = Math.max(longest, since);
  }
  return longest;
}

function jerkOf(frames: readonly Frame[], shipOf: (frame: Frame) => Ship | undefined): number {
  let largest = 0;
  for (let index = 2; index < frames.length; index++) {
    const [a, b, c] = [index - 2, index - 1, index].map((at) => shipOf(frames[at] as Frame));
    if (!a || !b || !c || (frames[index] as Frame).at - (frames[index - 2] as Frame).at > 3 * FRAME_MS) continue;
    largest = Math.max(largest, Math.hypot(c.x - 2 * b.x + a.x, c.y - 2 * b.y + a.y));
  }
  return largest;
}

function part(values: readonly number[], at: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(Math.floor(sorted.length * at), sorted.length - 1)] ?? 0;
}
