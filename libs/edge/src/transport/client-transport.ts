import type { EdgeOptions } from '../edge.options.js';
import type { ConnectionEvents } from './player-connection.js';

/** A way for players in. Provide one more to add a third beside WebSocket and TCP. */
export abstract class ClientTransport {
  abstract readonly name: string;
  /** Starts listening; rejects with one clear sentence when the port is taken. Gives the port. */
  abstract listen(events: ConnectionEvents): Promise<number>;
  /** Takes no more connections; those that are open stay. */
  abstract close(): void;
}

/** Beyond these the system itself turns sockets away: they would be too many for every limit that has a code. */
export function socketsMax({ connectionsMax, hellosPendingMax }: EdgeOptions): number {
  return connectionsMax + 2 * hellosPendingMax;
}

/** The certificate that players are shown, over whichever way they come; null: none. */
export const PUBLIC_CERTIFICATE = Symbol('PublicCertificate');

export function listenError(error: NodeJS.ErrnoException, port: number, setting: string): Error {
  if (error.code === 'EADDRINUSE') return new Error(`port ${port} is in use by another program; set ${setting} to a free one`);
  if (error.code === 'EACCES') return new Error(`port ${port} needs more rights than this process has; set ${setting} to one above 1023`);
  return error;
}
