import { nowMs, percentile, sleep } from '../tools.js';

/** A player that sends messages and counts those without an answer. */
export interface Tapper {
  readonly outstanding: number;
  /** The seat of the player; undefined for systems without seats. */
  readonly seat?: number;
  /** Sends one message, or `times` messages in one write. */
  tap(times?: number): void;
  close(): void;
}

/** Counts the answers and messages that players receive. */
export interface Tally {
  acknowledged(tapper: Tapper, latencyMs: number): void;
  /** Counts one message that any player has received. */
  delivered(): void;
}

export interface Played {
  readonly acknowledged: number;
  readonly perSecond: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** How late the generator itself sent due messages, p99. This delay is part of the measured latency. */
  readonly generatorLateMs: number;
}

const ANSWERS_MS = 60_000;

/** All players of one load process, and the way in which they send: each after its answer, or all together at a steady rate. */
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

  /** Returns the total numbers of answers and of received messages so far. */
  counts(): { answers: number; deliveries: number } {
    return this.totals;
  }

  /**
   * Measures in a closed loop: each player sends the next message after the answer to the last one, for `ms` or for `count` messages.
   * `seat`: only players of this seat.
   */
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

  /** Measures bursts: each player sends `size` messages in one write, and the next ones when all are answered, for `rounds` rounds. */
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

  /** Measures at a steady rate over all players, which continues even when answers do not keep up. */
  async paced({ perSecond, ms, warmupMs = 1_000 }: { perSecond: number; ms: number; warmupMs?: number }): Promise<Played> {
    this.pace({ perSecond });
    await sleep(warmupMs);
    const played = await this.paceCounted({ ms });
    await this.stopPace();
    return played;
  }

  /** Counts the answers of the next `ms` while the steady rate of `pace` runs. */
  async paceCounted({ ms }: { ms: number }): Promise<Played> {
    this.count();
    const startedAt = nowMs();
    await sleep(ms);
    return this.counted(startedAt);
  }

  /** Starts a steady rate that runs until `stopPace`. */
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

  /** Starts to record the times of answers. */
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

  /** Waits until all messages are answered. */
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
