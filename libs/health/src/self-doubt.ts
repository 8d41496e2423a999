import { CLEAN_ROUNDS, TICK_MS } from './health.options.js';
import type { VoidReason } from './judge.js';

/**
 * Whether this checker may believe what it sees. Invariant: a question counts only if from its asking to its judging
 * this process was never late, and the store had been fine for two rounds before it was asked.
 */
export class SelfDoubt {
  private lastTurnAt: number;
  private lateAt = Number.NEGATIVE_INFINITY;
  private cleanRounds = CLEAN_ROUNDS;
  private storeReason: VoidReason = 'store-unreachable';
  private storeTrustedFrom = Number.NEGATIVE_INFINITY;
  private readonly lateMs: number;

  constructor(intervalMs: number, now: number) {
    this.lateMs = intervalMs / 2 + TICK_MS;
    this.lastTurnAt = now;
  }

  /** The process turns; called at each tick. True: it comes late. */
  turn(now: number): boolean {
    this.lookAtLoop(now);
    this.lastTurnAt = now;
    return this.lateAt === now;
  }

  storeTroubled(reason: VoidReason): void {
    this.cleanRounds = 0;
    this.storeReason = reason;
  }

  storeClean(now: number): void {
    if (this.cleanRounds >= CLEAN_ROUNDS) return;
    this.cleanRounds += 1;
    if (this.cleanRounds === CLEAN_ROUNDS) this.storeTrustedFrom = now;
  }

  /**
   * Null: what was asked at `askedAt` may be judged `now`. A process that was stopped finds answers before its own
   * tick has noticed, so this looks at the clock itself.
   */
  about(askedAt: number, now: number): VoidReason | null {
    this.lookAtLoop(now);
    if (askedAt <= this.lateAt) return 'loop-late';
    if (this.cleanRounds < CLEAN_ROUNDS || askedAt < this.storeTrustedFrom) return this.storeReason;
    return null;
  }

  private lookAtLoop(now: number): void {
    if (now - this.lastTurnAt > this.lateMs) this.lateAt = now;
  }
}
