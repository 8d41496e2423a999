import type { Provider } from '@nestjs/common';
import { Log } from '#libs/telemetry';
import type { Certificate } from '#libs/tls';

/** Logs each change of a certificate while the server runs. */
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
