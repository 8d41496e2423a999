import type { Provider } from '@nestjs/common';
import { StoreMove } from '#libs/redis';
import { redacted } from '#libs/redis-url';
import { Log } from '#libs/telemetry';

/** Logs the progress of a move to another Redis (`REDIS_URL_FILE`). */
export const storeMoveReports: Provider = {
  provide: Symbol('StoreMoveReports'),
  inject: [StoreMove, Log],
  useFactory: (move: StoreMove, log: Log) => {
    move.onChange((change) => {
      const to = redacted(change.url);
      if (change.kind === 'moved') log.info('store.moved', { to });
      else if (change.kind === 'waiting') log.info('store.move-waiting', { to, reason: change.reason });
      else log.error('store.move-refused', { to, message: change.message });
    });
    return null;
  },
};
