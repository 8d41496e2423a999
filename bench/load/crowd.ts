import { nowMs, percentile, sleep } from '../tools.js';

/** One who sends a message at a time, and knows how many have no answer yet. */
export interface Tapper {
  readonly outstanding: number;
  /** Undefined where there are no seats. */
  readonly seat?: number;
  /** `times`: so many at once, in one write. */
  tap(times?: number): void;
  close(): void;
}

/** Where answers are told. */
export interface Tally {
  acknowledged(tapper: Tapper, latencyMs: number): void;
  /** A message came out, to whomever. */
  delivered(): void;
}

export interface Played {
  readonly acknowledged: number;
  readonly perSecond: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** How late the generator itself was with what was due, p99: its share in what was measured. */
  readonly generatorLateMs: number;
}

const ANSWERS_MS = 60_000;

/** Everyone of one load process, and how they send: each as soon as it is answered, or all together at a steady rate. */
export class Crowd implements Tally {
  private tappers: Tapper[] = [];
  private latencies: number[] = [];
  private lateness: number[] = [];
  private isCounting = false;
  private onAcknowledged: ((tapper: Tapper) => void) | null = null;
  private pacing: Promise<void> | null = null;
  private isPacing = false;
  private totals = { answers: 0, deliveries: 0 };

  add(...tappers: readonly Tapper[]): void {
    this.tappers.push(...tappers);
  }

  acknowledged(tapper: Tapper, latencyMs: number): void {
    this.totals.answers += 1;
    if (this.isCounting) this.latencies.push(latencyMs);
    this.onAcknowledged?.(tapper);
  }

  delivered(): void {
    this.totals.deliveries += 1;
  }

  /** How many answers and messages there have been, ever. */
  counts(): { answers: number; deliveries: number } {
    return this.totals;
  }

  /** Each player sends the next as soon as the last is answered. `count`: as many each, and no longer; `seat`: of one seat only. */
  async closed({ ms, warmupMs = 500, count, seat }: { ms?: number; warmupMs?: number; count?: number; seat?: number }): Promise<Played> {
    const tappers = this.tappers.filter((tapper) => seat === undefined || tapper.seat === seat);
    const sent = new Map<Tapper, number>(tappers.map((tapper) => [tapper, 1]));
    let isOver = false;
    this.onAcknowledged = (tapper) => {
      if (isOver) return;
      if (count !== undefined) {
        const already = sent.get(tapper) as number;
        if (already >= count) return;
        sent.set(tapper, already + 1);
      }
      tapper.tap();
    };
    let startedAt = nowMs();
    if (count !== undefined) this.count();
    for (const tapper of tappers) tapper.tap();
    if (count !== undefined) await this.quiet(ANSWERS_MS * 10);
    else {
      await sleep(warmupMs);
      this.count();
      startedAt = nowMs();
      await sleep(ms as number);
    }
    const played = this.counted(startedAt);
    isOver = true;
    await this.quiet();
    this.onAcknowledged = null;
    return played;
  }

  /** Each sends `size` at once, and again when all of them are answered; so many `rounds`. */
  async bursts({ size, rounds }: { size: number; rounds: number }): Promise<Played> {
    this.count();
    const startedAt = nowMs();
    for (let round = 0; round < rounds; round++) {
      let left = size * this.tappers.length;
      const answered = new Promise<void>((resolve) => {
        this.onAcknowledged = () => {
          left -= 1;
          if (left === 0) resolve();
        };
      });
      for (const tapper of this.tappers) tapper.tap(size);
      await answered;
    }
    this.onAcknowledged = null;
    return this.counted(startedAt);
  }

  /** At a steady rate over all players, whether or not answers keep up. */
  async paced({ perSecond, ms, warmupMs = 1_000 }: { perSecond: number; ms: number; warmupMs?: number }): Promise<Played> {
    this.pace({ perSecond });
    await sleep(warmupMs);
    const played = await this.paceCounted({ ms });
    await this.stopPace();
    return played;
  }

  /** What is answered in the next `ms` of a pace that is kept. */
  async paceCounted({ ms }: { ms: number }): Promise<Played> {
    this.count();
    const startedAt = nowMs();
    await sleep(ms);
    return this.counted(startedAt);
  }

  /** The same, until `stopPace`. */
  pace({ perSecond }: { perSecond: number }): void {
    this.isPacing = true;
    this.pacing = this.keepPace(perSecond);
  }

  private async keepPace(perSecond: number): Promise<void> {
    const tappers = shuffled(this.tappers);
    const startedAt = nowMs();
    for (let sent = 0; this.isPacing; ) {
      const elapsed = nowMs() - startedAt;
      const due = Math.floor((elapsed * perSecond) / 1_000);
      if (due > sent && this.isCounting) this.lateness.push(elapsed - (sent * 1_000) / perSecond);
      for (; sent < due; sent++) tappers[sent % tappers.length].tap();
      await sleep(1);
    }
  }

  async stopPace(): Promise<void> {
    this.isPacing = false;
    await this.pacing;
    await this.quiet();
  }

  leave(): void {
    for (const tapper of this.tappers) tapper.close();
    this.tappers = [];
  }

  /** Answers are kept from now on. */
  private count(): void {
    this.isCounting = true;
    this.latencies = [];
    this.lateness = [];
  }

  private counted(startedAt: number): Played {
    this.isCounting = false;
    const seconds = (nowMs() - startedAt) / 1_000;
    const { latencies } = this;
    return {
      acknowledged: latencies.length,
      perSecond: latencies.length / seconds,
      seconds,
      p50Ms: percentile(latencies, 0.5),
      p99Ms: percentile(latencies, 0.99),
      maxMs: percentile(latencies, 1),
      generatorLateMs: percentile(this.lateness, 0.99),
    };
  }

  /** Until nothing is unanswered. */
  private async quiet(deadlineMs = ANSWERS_MS): Promise<void> {
    const deadline = nowMs() + deadlineMs;
    while (this.tappers.some(({ outstanding }) => outstanding > 0) && nowMs() < deadline) await sleep(5);
  }
}

function shuffled<T>(items: readonly T[]): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1));
    [result[last], result[other]] = [result[other], result[last]];
  }
  return result;
}
