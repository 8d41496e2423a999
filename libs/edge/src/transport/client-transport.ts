import type { EdgeOptions } from '../edge.options.js';
import type { ConnectionEvents } from './player-connection.js';

/**
 * Port: accepts connections of players. WebSocket and TCP are built in. To add a transport, mark a provider of a gateway with
 * `@Extension(ClientTransport)`. A gateway may have several transports. See `docs/extending.md`.
 */
export abstract class ClientTransport {
  abstract readonly name: string;
  /** Starts listening and resolves to the port. Rejects with a message that names the setting when the port is in use. */
  abstract listen(events: ConnectionEvents): Promise<number>;
  /** Stops accepting connections. Open connections stay. */
  abstract close(): void;
}

/**
 * Returns the maximum number of sockets of one transport. Node closes further sockets without an error code. Normally the lower limits of
 * `ConnectionLimits` apply first, and they refuse with a code.
 */
export function socketsMax({ connectionsMax, hellosPendingMax }: EdgeOptions): number {
  return connectionsMax + 2 * hellosPendingMax;
}

/** The injection token of the certificate that all transports use. Null: no TLS. */
export const PUBLIC_CERTIFICATE = Symbol('PublicCertificate');

export function listenError(error: NodeJS.ErrnoException, port: number, setting: string): Error {
  if (error.code === 'EADDRINUSE') return new Error(`port ${port} is in use by another program; set ${setting} to a free one`);
  if (error.code === 'EACCES') return new Error(`port ${port} needs more rights than this process has; set ${setting} to one above 1023`);
  return error;
}
