import { CLEAN_ROUNDS, TICK_MS } from '../health.options.js';
import type { VoidReason } from './judge.js';

/**
 * Decides whether a missed check counts. Invariant: a missed check counts only under two conditions. First, this process was never late
 * between sending and judging the check. Second, Redis had answered `CLEAN_ROUNDS` times in a row before the check was sent. Pure: the
 * caller passes the time.
 */
export class LocalHealth {
  private lastTickAt: number;
  private lateAt = Number.NEGATIVE_INFINITY;
  private cleanRounds = CLEAN_ROUNDS;
  private storeReason: VoidReason = 'store-unreachable';
  private storeTrustedFrom = Number.NEGATIVE_INFINITY;
  private readonly lateMs: number;

  constructor(intervalMs: number, now: number) {
    this.lateMs = intervalMs / 2 + TICK_MS;
    this.lastTickAt = now;
  }

  /** Records the time of a tick. Returns true when the tick is late. */
  tick(now: number): boolean {
    this.detectLateLoop(now);
    this.lastTickAt = now;
    return this.lateAt === now;
  }

  redisFailed(reason: VoidReason): void {
    this.cleanRounds = 0;
    this.storeReason = reason;
  }

  redisAnswered(now: number): void {
    if (this.cleanRounds >= CLEAN_ROUNDS) return;
    this.cleanRounds += 1;
    if (this.cleanRounds === CLEAN_ROUNDS) this.storeTrustedFrom = now;
  }

  /**
   * Returns the reason why a check that was sent at `checkedAt` does not count. Null: the check counts. Also compares `now` with the time
   * of the last tick, because this process can read answers after a suspension and before its next tick.
   */
  voidReason(checkedAt: number, now: number): VoidReason | null {
    this.detectLateLoop(now);
    if (checkedAt <= this.lateAt) return 'loop-late';
    if (this.cleanRounds < CLEAN_ROUNDS || checkedAt < this.storeTrustedFrom) return this.storeReason;
    return null;
  }

  private detectLateLoop(now: number): void {
    if (now - this.lastTickAt > this.lateMs) this.lateAt = now;
  }
}
