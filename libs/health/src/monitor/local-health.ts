import { CLEAN_ROUNDS, TICK_MS } from '../health.options.js';
import type { VoidReason } from './judge.js';

/**
 * Whether this checker may believe what it sees. Invariant: a question counts only if from its asking to its judging
 * this process was never late, and the store had been fine for two rounds before it was asked.
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

  /** The process turns; called at each tick. True: it comes late. */
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
   * Null: what was asked at `askedAt` may be judged `now`. A process that was stopped finds answers before its own
   * tick has noticed, so this looks at the clock itself.
   */
  voidReason(askedAt: number, now: number): VoidReason | null {
    this.detectLateLoop(now);
    if (askedAt <= this.lateAt) return 'loop-late';
    if (this.cleanRounds < CLEAN_ROUNDS || askedAt < this.storeTrustedFrom) return this.storeReason;
    return null;
  }

  private detectLateLoop(now: number): void {
    if (now - this.lastTickAt > this.lateMs) this.lateAt = now;
  }
}
