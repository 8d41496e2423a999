import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { WebSocket } from 'ws';
import type { ConnectOptions } from '#libs/client';

/** What to connect with; null: as Node does. */
export function trustIn(certificate: string | null): Pick<ConnectOptions, 'WebSocket'> {
  return certificate === null ? {} : { WebSocket: trusting(certificate) };
}

/**
 * Trusts whoever has the very certificate of this file, whatever name it is for and whoever signed it: the gateway of a
 * fleet on this machine is asked for by an address. Read for each connection, since certificates are renewed.
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
    // The file may end before the root that signed it.
    allowPartialTrustChain: true,
    checkServerIdentity: (_, shown) => (raw.equals(shown.raw) ? undefined : new Error('another certificate than that of the fleet')),
  } as ConnectionOptions;
}
