import type { Provider } from '@nestjs/common';
import { EventSink, Self } from '#libs/fleet';
import { EvictionPolicy } from '#libs/redis';
import { Log, Metrics } from '#libs/telemetry';

/**
 * Reports when the setting `maxmemory-policy` of Redis begins to allow the eviction of keys, and when it no longer allows it. The server
 * stays ready, because Redis evicts nothing until it is full, and because all servers use this Redis and would become unready together.
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
