import type { Provider } from '@nestjs/common';
import { Log } from '#libs/telemetry';
import type { Certificate } from '#libs/tls';

/** What becomes of a certificate while the server runs is worth a line each time. */
export function certificateLog(certificate: Certificate | null): Provider {
  return {
    provide: Symbol('CertificateLog'),
    inject: [Log],
    useFactory: (log: Log) => {
      certificate?.onRenewal(({ validUntil, error }) => {
        if (error) log.warn('certificate.not-renewed', { validUntil, error });
        else log.info('certificate.renewed', { validUntil });
      });
      return null;
    },
  };
}
