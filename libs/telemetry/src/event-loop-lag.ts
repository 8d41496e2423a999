import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Metrics } from './metrics.js';

/**
 * Interval of the measurement, in ms. It is short enough to show a lag that players notice. A shorter interval would wake an idle process
 * too often.
 */
export const LAG_RESOLUTION_MS = 20;
/**
 * Length of the period that the metric shows, in ms. The metric shows the last complete period. A scrape does not reset the lag, so several
 * Prometheus servers read the same value.
 */
const PERIOD_MS = 10_000;

/**
 * Measures how late the timers of this process fire. The metric and `takeP99Ms` have separate histograms, because reading a histogram
 * resets it.
 */
@Injectable()
export class EventLoopLag implements OnModuleInit, OnApplicationShutdown {
  private readonly sinceTaken = newHistogram();
  private readonly ofPeriod = newHistogram();

  constructor(private readonly metrics: Metrics) {}

  onModuleInit(): void {
    this.sinceTaken.enable();
    this.ofPeriod.enable();
    this.metrics.eventLoopLagSeconds.set(0);
  }

  @Interval(PERIOD_MS)
  endPeriod(): void {
    this.metrics.eventLoopLagSeconds.set(takeP99Ms(this.ofPeriod) / 1000);
  }

  /** Returns the 99th percentile of the lag since the last call, in ms. */
  takeP99Ms(): number {
    return takeP99Ms(this.sinceTaken);
  }

  onApplicationShutdown(): void {
    this.sinceTaken.disable();
    this.ofPeriod.disable();
  }
}

function newHistogram(): IntervalHistogram {
  return monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
}

/**
 * Returns the 99th percentile of the lag in ms, and resets the histogram. The histogram records the time between two timers, which is the
 * resolution plus the lag. Returns 0 for an empty histogram.
 */
function takeP99Ms(histogram: IntervalHistogram): number {
  const p99Ms = histogram.count === 0 ? LAG_RESOLUTION_MS : histogram.percentile(99) / 1e6;
  histogram.reset();
  return Math.max(0, Math.round((p99Ms - LAG_RESOLUTION_MS) * 10) / 10);
}
