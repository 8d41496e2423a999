import type { Provider } from '@nestjs/common';
import { RedisConnections, StoreHealth } from '#libs/redis';
import { Log, Metrics, Readiness } from '#libs/telemetry';

/**
 * Matches the names of log events about errors of games. Such an error is no sign of a failure of Redis, because the game chooses the text
 * of the error and can use another database.
 */
const OF_A_GAME = /^(?:game|effect|handler)\./;

/**
 * Reports the state of Redis: one line when this server can no longer write to it, and one line when it can write again, no matter how many
 * requests fail in between. The server is not ready while it cannot write.
 */
export const storeReports: Provider = {
  provide: Symbol('StoreReports'),
  inject: [StoreHealth, RedisConnections, Log, Metrics, Readiness],
  useFactory: (store: StoreHealth, redis: RedisConnections, log: Log, metrics: Metrics, readiness: Readiness) => {
    metrics.storeAvailable.set(1);
    store.onChange((change) => {
      metrics.storeAvailable.set(change.isAvailable ? 1 : 0);
      const { isAvailable, ...facts } = change;
      if (isAvailable) log.info('store.available', facts);
      else log.error('store.unavailable', facts);
    });
    let reconnects = 0;
    store.onProbe((ms) => {
      if (ms === null) metrics.storeFailures.inc();
      else metrics.storeProbeSeconds.observe(ms / 1_000);
      metrics.storeReconnects.inc(redis.reconnects - reconnects);
      reconnects = redis.reconnects;
    });
    log.reportElsewhere((error, event) => !OF_A_GAME.test(event) && store.note(error));
    readiness.add('store', () => store.whyNot);
    return null;
  },
};
