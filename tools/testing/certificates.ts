import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import type { RedisTlsFiles } from './fleet-redis.js';

/**
 * Creates a CA and a certificate that the CA signed, and writes them into `folder`. The certificate is valid for 127.0.0.1, or only for
 * `name`. Servers and clients may use it.
 */
export async function writeCertificates(folder: string, name?: string): Promise<RedisTlsFiles> {
  const paths = { ca: join(folder, 'ca.crt'), cert: join(folder, 'redis.crt'), key: join(folder, 'redis.key') };
  const options = { keyType: 'ec', algorithm: 'sha256' } as const;
  // Each CA has its own name. With the same name, OpenSSL would report a wrong signature instead of an unknown CA.
  const ca = await generate([{ name: 'commonName', value: `CA of ${folder}`.slice(-60) }], {
    ...options,
    extensions: [{ name: 'basicConstraints', cA: true, critical: true }],
  });
  const pair = await generate([{ name: 'commonName', value: 'redis' }], {
    ...options,
    ca: { cert: ca.cert, key: ca.private },
    extensions: [{ name: 'subjectAltName', altNames: [name === undefined ? { type: 7, ip: '127.0.0.1' } : { type: 2, value: name }] }],
  });
  await mkdir(folder, { recursive: true });
  await Promise.all([writeFile(paths.ca, ca.cert), writeFile(paths.cert, pair.cert), writeFile(paths.key, pair.private)]);
  return paths;
}
