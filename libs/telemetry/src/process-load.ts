import { Injectable } from '@nestjs/common';
import { Metrics } from './metrics.js';

/** Period over which load is averaged, in ms. It is longer than the interval of health checks, so that one busy second causes no alarm. */
export const LOAD_PERIOD_MS = 5_000;

/** The load of this process over the last period. */
export interface Load {
  /** CPU of all threads, in percent of one core. */
  readonly cpuPercent: number;
  /** Resident memory, in bytes. */
  readonly memoryBytes: number;
  /** Number of acknowledged commands of players per second. */
  readonly commandsPerSecond: number;
  /** 99th percentile of the time from a command to its durable acknowledgement, in ms. Null: there were no commands. */
  readonly ackP99Ms: number | null;
}

/** Measures the load of this process. It has no timer: each read after the end of a period begins the next period. */
@Injectable()
export class ProcessLoad {
  private startedAt = performance.now();
  private cpu = process.cpuUsage();
  private acks: readonly number[];
  private latest: Load = { cpuPercent: 0, memoryBytes: process.memoryUsage.rss(), commandsPerSecond: 0, ackP99Ms: null };

  constructor(private readonly metrics: Metrics) {
    this.acks = metrics.commandAckSeconds.snapshot();
  }

  /** Returns the load of the last complete period. */
  read(): Load {
    const ms = performance.now() - this.startedAt;
    if (ms < LOAD_PERIOD_MS) return this.latest;
    const { user, system } = process.cpuUsage(this.cpu);
    const { commandAckSeconds } = this.metrics;
    const acks = commandAckSeconds.snapshot();
    const observed = acks.map((count, index) => count - (this.acks[index] ?? 0));
    const p99 = percentileOf(observed, commandAckSeconds.bounds, 0.99);
    this.latest = {
      cpuPercent: Math.round((user + system) / 10 / ms),
      memoryBytes: process.memoryUsage.rss(),
      commandsPerSecond: Math.round((1_000 * sum(observed)) / ms),
      ackP99Ms: p99 === null ? null : Math.round(p99 * 10_000) / 10,
    };
    this.startedAt = performance.now();
    this.cpu = process.cpuUsage();
    this.acks = acks;
    return this.latest;
  }
}

/**
 * Returns a percentile of a histogram, by linear interpolation within its bucket, as Prometheus computes it. Null: the histogram is empty.
 *
 * @param counts the number of observations in each bucket, and last the number above the last bound
 */
export function percentileOf(counts: readonly number[], bounds: readonly number[], share: number): number | null {
  const total = sum(counts);
  if (total === 0) return null;
  let rest = share * total;
  for (const [index, count] of counts.entries()) {
    if (count > 0 && rest <= count) {
      const from = bounds[index - 1] ?? 0;
      const to = bounds[index] ?? from;
      return from + ((to - from) * rest) / count;
    }
    rest -= count;
  }
  return bounds[bounds.length - 1] ?? null;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
