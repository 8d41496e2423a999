import type { Clocks } from '../src/chess.js';
import type { Side } from '../src/position.js';

/**
 * Computes the time that each player has left, also between two moves. `runningSince` of the state is a time of the server, so the page
 * must know the offset of this computer's clock. The page measures the offset with each move that arrives while it is open. It keeps the
 * smallest offset, which belongs to the message with the shortest delay.
 */
export class ClockFace {
  private offsetMs = 0;
  private isLearnt = false;
  private runningSince: number | null = null;
  /** The time at which the pause of the room began, in ms. Null: the room is not paused. */
  private frozenAt: number | null = null;

  follow(clocks: Clocks, now: number): void {
    const { runningSince } = clocks;
    const isNews = this.runningSince !== null && runningSince !== null && runningSince > this.runningSince;
    this.runningSince = runningSince;
    if (runningSince === null) return;
    const offset = now - runningSince;
    // A start time in the future shows that this computer's clock is behind the server's clock. The offset is then negative, and valid as
    // well.
    if ((isNews && !this.isLearnt) || offset < this.offsetMs) {
      this.offsetMs = offset;
      this.isLearnt = true;
    }
  }

  freeze(isFrozen: boolean, now: number): void {
    this.frozenAt = isFrozen ? (this.frozenAt ?? now) : null;
  }

  leftMs(clocks: Clocks, side: Side, turn: Side, now: number): number {
    const left = side === 'w' ? clocks.white : clocks.black;
    if (clocks.runningSince === null || side !== turn) return left;
    return Math.min(left, Math.max(0, left - ((this.frozenAt ?? now) - this.offsetMs - clocks.runningSince)));
  }
}

/** Formats a duration as `9:05`, with tenths of a second below 20 s. */
export function clockText(ms: number): string {
  if (ms < 20_000) return `0:${(Math.floor(ms / 100) / 10).toFixed(1).padStart(4, '0')}`;
  const seconds = Math.ceil(ms / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** The time in ms since 1970. It does not jump when the computer's clock is set while the page is open. */
export function pageNow(): number {
  return performance.timeOrigin + performance.now();
}
