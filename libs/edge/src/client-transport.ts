import type { ConnectionEvents } from './player-connection.js';

/** A way for players in. Provide one more to add a third beside WebSocket and TCP. */
export abstract class ClientTransport {
  abstract readonly name: string;
  /** Starts listening; rejects with one clear sentence when the port is taken. Gives the port. */
  abstract listen(events: ConnectionEvents): Promise<number>;
  /** Takes no more connections; those that are open stay. */
  abstract close(): void;
}

export function listenError(error: NodeJS.ErrnoException, port: number, setting: string): Error {
  if (error.code === 'EADDRINUSE') return new Error(`port ${port} is in use by another program; set ${setting} to a free one`);
  if (error.code === 'EACCES') return new Error(`port ${port} needs more rights than this process has; set ${setting} to one above 1023`);
  return error;
}
