import type { Provider } from '@nestjs/common';
import { StoreHealth } from '#libs/redis';
import { Log, Metrics, Readiness } from '#libs/telemetry';

/** A game chooses the text of its errors, and may have a store of its own. */
const OF_A_GAME = /^(?:game|effect|handler)\./;

/**
 * What this server says of its store: one line when it cannot be used any more and one when it can again, however many
 * requests fail meanwhile; not ready while nothing can be stored.
 */
export const storeReports: Provider = {
  provide: Symbol('StoreReports'),
  inject: [StoreHealth, Log, Metrics, Readiness],
  useFactory: (store: StoreHealth, log: Log, metrics: Metrics, readiness: Readiness) => {
    metrics.storeAvailable.set(1);
    store.onChange((change) => {
      metrics.storeAvailable.set(change.isAvailable ? 1 : 0);
      const { isAvailable, ...facts } = change;
      if (isAvailable) log.info('store.available', facts);
      else log.error('store.unavailable', facts);
    });
    log.reportElsewhere((error, event) => !OF_A_GAME.test(event) && store.note(error));
    readiness.add('store', () => store.whyNot);
    return null;
  },
};
