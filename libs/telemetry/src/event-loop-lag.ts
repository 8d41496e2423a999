import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { LAG_RESOLUTION_MS, Metrics } from './metrics.js';

/** Measures how late the timers of this process fire. It has two histograms, because each of its two readers resets its own. */
@Injectable()
export class EventLoopLag implements OnApplicationShutdown {
  private readonly sinceAsked = startHistogram();
  private readonly sinceScrape = startHistogram();

  constructor(metrics: Metrics) {
    const { sinceScrape } = this;
    (metrics.eventLoopLagSeconds as unknown as { collect: () => void }).collect = () => {
      metrics.eventLoopLagSeconds.set(takeP99Ms(sinceScrape) / 1000);
    };
  }

  /** The 99th percentile in ms since the last call. */
  takeP99Ms(): number {
    return takeP99Ms(this.sinceAsked);
  }

  onApplicationShutdown(): void {
    this.sinceAsked.disable();
    this.sinceScrape.disable();
  }
}

function startHistogram(): IntervalHistogram {
  const histogram = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  histogram.enable();
  return histogram;
}

/** The histogram records the time between two timers, which includes the resolution. An empty histogram means no lag. */
function takeP99Ms(histogram: IntervalHistogram): number {
  const p99Ms = histogram.count === 0 ? LAG_RESOLUTION_MS : histogram.percentile(99) / 1e6;
  histogram.reset();
  return Math.max(0, Math.round((p99Ms - LAG_RESOLUTION_MS) * 10) / 10);
}
