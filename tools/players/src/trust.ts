import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { WebSocket } from 'ws';
import type { ConnectOptions } from '#libs/client/node';

/** Returns connection options that trust the certificate in this file. Null selects the defaults of Node. */
export function trustIn(certificate: string | null): Pick<ConnectOptions, 'WebSocket'> {
  return certificate === null ? {} : { WebSocket: trusting(certificate) };
}

/**
 * Trusts a server that shows exactly the certificate in this file, with any name and issuer. The name cannot match, because the gateway of
 * a local fleet is addressed by IP address. Reads the file for each connection, because certificates are renewed.
 */
function trusting(file: string): NonNullable<ConnectOptions['WebSocket']> {
  return class extends WebSocket {
    constructor(url: string, protocols: string) {
      super(url, protocols, trustOf(readFileSync(file, 'utf8')) as object);
    }
  } as unknown as NonNullable<ConnectOptions['WebSocket']>;
}

function trustOf(pem: string): ConnectionOptions {
  const { raw } = new X509Certificate(pem);
  return {
    ca: pem,
    // Accepts the certificate although the file does not contain the root certificate that signed it.
    allowPartialTrustChain: true,
    checkServerIdentity: (_, shown) => (raw.equals(shown.raw) ? undefined : new Error('the certificate is not that of the fleet')),
  } as ConnectionOptions;
}
