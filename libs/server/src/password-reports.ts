import type { Provider } from '@nestjs/common';
import { PasswordRenewal } from '#libs/redis';
import { Log } from '#libs/telemetry';

/**
 * Logs whether Redis accepts the new password after a change of the password file. If Redis accepts it, the operator can remove the old
 * password.
 */
export const passwordReports: Provider = {
  provide: Symbol('PasswordReports'),
  inject: [PasswordRenewal, Log],
  useFactory: (renewal: PasswordRenewal, log: Log) => {
    renewal.onChange((change) => {
      if (change.isAccepted) log.info('store.password-accepted');
      else
        log.error('store.password-refused', {
          message: change.message,
          advice: 'correct the file of REDIS_PASSWORD_FILE or the user in Redis; open connections continue',
        });
    });
    return null;
  },
};
