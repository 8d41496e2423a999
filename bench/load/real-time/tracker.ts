import { FULL_TURN, progress, type Ship, STEPS_PER_SECOND, STRIDE } from '../../real-time/world.js';
import { nowMs } from '../../tools.js';

const STEP_MS = 1_000 / STEPS_PER_SECOND;
/** Time between a visible turn and the next turn, in ms: random, so that turns come at any phase of a step. */
const PAUSE_MS = { least: 300, spread: 400 };

/** Follows the ship of one pilot: when its steps arrive, and when a turn is visible. */
export class Tracker {
  direction = Math.floor(Math.random() * FULL_TURN);
  readonly jittersMs: number[] = [];
  readonly latenciesMs: number[] = [];

  private last: Ship | null = null;
  private lastAt = 0;
  private turnedAt = 0;
  private nextTurnAt = nowMs() + PAUSE_MS.least + Math.random() * PAUSE_MS.spread;

  /** Forgets the measurements so far. */
  restart(): void {
    this.jittersMs.length = 0;
    this.latenciesMs.length = 0;
  }

  /** Turns by a right angle if the last turn was seen and the pause after it is over. Returns whether it turned. */
  turn(now: number): boolean {
    if (this.turnedAt > 0 || now < this.nextTurnAt) return false;
    this.direction = (this.direction + FULL_TURN / 4) % FULL_TURN;
    this.turnedAt = now;
    return true;
  }

  saw(ship: Ship): void {
    const { last } = this;
    if (last && last.x === ship.x && last.y === ship.y) return;
    const now = nowMs();
    if (last) this.jittersMs.push(Math.abs(now - this.lastAt - STEP_MS));
    // The new direction is at a right angle to the old one, so a move in the old direction is no progress in the new one.
    if (last && this.turnedAt > 0 && progress(last, ship, this.direction) > STRIDE / 2) {
      this.latenciesMs.push(now - this.turnedAt);
      this.turnedAt = 0;
      this.nextTurnAt = now + PAUSE_MS.least + Math.random() * PAUSE_MS.spread;
    }
    this.last = { x: ship.x, y: ship.y };
    this.lastAt = now;
  }
}
