/** Results of a run, summed over many players. */
export class Tally {
  games = 0;
  /** Number of acknowledged moves. */
  moves = 0;
  lost = 0;
  doubled = 0;
  reconnects = 0;
  /** Number of attempts to open a session that failed and were repeated. */
  failedConnects = 0;
  pauses = 0;
  /** Number of refused moves, by code. */
  readonly refusals = new Map<string, number>();
  /** The faults, as sentences: only the first ones. `faultCount` counts all of them. Refused moves are no faults. */
  readonly faults: string[] = [];
  faultCount = 0;
  /** A random sample of the answer times, in ms. A short run keeps all answer times. */
  private readonly latencies: number[] = [];
  private latencyMaxMs = 0;
  private readonly openPauses = new Set<() => number>();
  private endedPausesMaxMs = 0;

  acknowledged(latencyMs: number): void {
    this.moves += 1;
    this.latencyMaxMs = Math.max(this.latencyMaxMs, latencyMs);
    // Each answer has the same chance to be in the sample (reservoir sampling). So the memory does not grow with the length of the run.
    const at = this.latencies.length < LATENCIES_KEPT ? this.latencies.length : Math.floor(Math.random() * this.moves);
    if (at < LATENCIES_KEPT) this.latencies[at] = latencyMs;
  }

  refused(code: string): void {
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
  }

  /** Records that a pause begins. Call the returned function when the game resumes. */
  pauseBegan(now: () => number): () => void {
    const startedAt = now();
    const lengthMs = (): number => now() - startedAt;
    this.pauses += 1;
    this.openPauses.add(lengthMs);
    return () => {
      if (this.openPauses.delete(lengthMs)) this.endedPausesMaxMs = Math.max(this.endedPausesMaxMs, lengthMs());
    };
  }

  /** The longest pause, in ms. A pause that has not ended counts with its length until now. */
  get longestPauseMs(): number {
    return Math.max(this.endedPausesMaxMs, ...[...this.openPauses].map((lengthMs) => lengthMs()));
  }

  fault(sentence: string): void {
    this.faultCount += 1;
    if (this.faults.length < FAULTS_KEPT) this.faults.push(sentence);
  }

  get isRight(): boolean {
    return this.lost === 0 && this.doubled === 0 && this.faultCount === 0;
  }

  /** Returns a percentile of the answer times, in ms. `share` is from 0 to 1: 0.99 gives the 99th percentile. */
  latencyMs(share: number): number {
    if (this.latencies.length === 0) return 0;
    if (share === 1) return round(this.latencyMaxMs);
    this.latencies.sort((a, b) => a - b);
    const index = Math.min(this.latencies.length - 1, Math.ceil(share * this.latencies.length) - 1);
    return round(this.latencies[Math.max(0, index)]);
  }
}

const FAULTS_KEPT = 20;
/** The number of answer times in the sample. It is large enough for a 99th percentile, and small enough to sort after each game. */
const LATENCIES_KEPT = 20_000;

export function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
