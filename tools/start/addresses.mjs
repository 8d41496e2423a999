import { resolve } from 'node:path';
import { PORT_OFFSETS } from './options.mjs';

/**
 * The addresses of the fleet as seen from this machine, by the settings of its gateways, and the certificates to expect there.
 *
 * @param {{ host: string, port: number }} options @param {NodeJS.ProcessEnv} env
 */
export function addressesOf({ host, port }, env) {
  const reach = host === '0.0.0.0' ? '127.0.0.1' : host;
  const opsHost = !env.OPS_HOST || env.OPS_HOST === '0.0.0.0' ? '127.0.0.1' : env.OPS_HOST;
  const [isPublicTls, isOpsTls] = [Boolean(env.PUBLIC_TLS_CERT), Boolean(env.OPS_TLS_CERT)];
  return {
    page: (/** @type {string | number} */ at) => `http${isPublicTls ? 's' : ''}://${reach}:${at}`,
    tcp: (/** @type {string | number} */ at) => `${isPublicTls ? 'tls://' : ''}${reach}:${at}`,
    ops: (/** @type {string | number | null} */ at) => `http${isOpsTls ? 's' : ''}://${opsHost}:${at}`,
    url: `ws${isPublicTls ? 's' : ''}://${reach}:${port}/play`,
    opsUrl: `http${isOpsTls ? 's' : ''}://${opsHost}:${port + PORT_OFFSETS.ops}`,
    ...(env.PUBLIC_TLS_CERT && { certificate: resolve(env.PUBLIC_TLS_CERT) }),
    ...(env.OPS_TLS_CERT && { opsCertificate: resolve(env.OPS_TLS_CERT) }),
  };
}
