import type { Provider } from '@nestjs/common';
import { EventSink, Self } from '#libs/fleet';
import { StoreClock } from '#libs/redis';
import { Log, Metrics } from '#libs/telemetry';

/**
 * A clock that was reported as wrong is reported as right when its error falls below this fraction of the limit. The difference from the
 * limit (hysteresis) prevents a report with every sample of a clock whose error is near the limit.
 */
const RIGHT_SHARE = 0.5;

/**
 * Reports the error of this machine's wall clock as a metric. Writes one log line and publishes one event when the error exceeds `warnMs`,
 * and again when the clock is right again.
 */
export function clockReports(warnMs: number): Provider {
  return {
    provide: Symbol('ClockReports'),
    inject: [StoreClock, EventSink, Self, Log, Metrics],
    useFactory: (clock: StoreClock, sink: EventSink, self: Self, log: Log, metrics: Metrics) => {
      (metrics.clockOffsetSeconds as unknown as { collect: () => void }).collect = () => {
        if (clock.offsetMs !== null) metrics.clockOffsetSeconds.set(clock.offsetMs / 1_000);
      };
      let isWrong = false;
      clock.onSample(() => {
        const offsetMs = Math.round(clock.offsetMs ?? 0);
        const limitMs = isWrong ? warnMs * RIGHT_SHARE : warnMs;
        if (Math.abs(offsetMs) > limitMs === isWrong) return;
        isWrong = !isWrong;
        const kind = isWrong ? 'server.clock-wrong' : 'server.clock-right';
        if (isWrong) log.warn(kind, { offsetMs, warnMs, advice: 'set the clock of this host, for example with NTP' });
        else log.info(kind, { offsetMs });
        const reason = isWrong ? (offsetMs > 0 ? 'ahead' : 'behind') : 'corrected';
        sink.publish({ kind, server: self.id, incarnation: self.incarnation, reason, detail: { offsetMs } });
      });
      return null;
    },
  };
}
