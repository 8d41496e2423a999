import { resolve } from 'node:path';
import { PORT_OFFSETS } from './options.mjs';

/**
 * Returns the addresses by which programs on this machine reach the gateways, and the paths of the gateways' certificates.
 *
 * @param {{ host: string, port: number }} options @param {NodeJS.ProcessEnv} env
 */
export function addressesOf({ host, port }, env) {
  const [reach, opsHost] = [reachableHost(host), reachableHost(env.OPS_HOST || '127.0.0.1')].map(inUrl);
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

/** Returns an address at which this machine reaches a server that listens on `host`. @param {string} host */
export function reachableHost(host) {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

/** @param {string} host */
function inUrl(host) {
  return host.includes(':') ? `[${host}]` : host;
}
