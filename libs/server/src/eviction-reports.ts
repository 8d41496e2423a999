import type { Provider } from '@nestjs/common';
import { EventSink, Self } from '#libs/fleet';
import { EvictionPolicy } from '#libs/redis';
import { Log, Metrics } from '#libs/telemetry';

/**
 * Reports when the settings of Redis begin to let it delete keys when it is full, and when they are right again. The server stays ready,
 * because all servers use the same Redis, and nothing is lost until it is full.
 */
export const evictionReports: Provider = {
  provide: Symbol('EvictionReports'),
  inject: [EvictionPolicy, EventSink, Self, Log, Metrics],
  useFactory: (policy: EvictionPolicy, sink: EventSink, self: Self, log: Log, metrics: Metrics) => {
    metrics.storeEvicts.set(0);
    policy.onChange((wrong) => {
      metrics.storeEvicts.set(wrong === null ? 0 : 1);
      const kind = wrong === null ? 'store.policy-right' : 'store.policy-wrong';
      if (wrong === null) log.info(kind);
      else log.error(kind, { policy: wrong, advice: 'set maxmemory-policy to noeviction, or games will be lost when Redis is full' });
      sink.publish({ kind, server: self.id, incarnation: self.incarnation, reason: wrong ?? 'noeviction' });
    });
    return null;
  },
};
