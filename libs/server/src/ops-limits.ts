import type { Server } from 'node:http';
import type { Socket } from 'node:net';

export interface OpsLimits {
  /** Sockets at once, event streams among them; with one more, the newcomer is closed. */
  readonly connectionsMax: number;
  /** In which a request must be whole, and a connection must have begun one, in ms. */
  readonly requestMs: number;
  /** How long what is sent may find nobody who reads it, in ms: longer, and the connection is closed. */
  readonly unreadMs: number;
  /** In which an answer must be read to its end, in ms, from when it was complete; an event stream is never complete. */
  readonly answerMs: number;
}

/** Operators and their machines are few, and quick. */
export const OPS_LIMITS: OpsLimits = { connectionsMax: 256, requestMs: 5_000, unreadMs: 10_000, answerMs: 30_000 };

/** How late one that is overdue is found: Node looks every 30 s unless told otherwise, which is how long a drip would hold a place. */
const LATE_SHARE = 0.1;

/** Before the server listens. */
export function limitOps(server: Server, { connectionsMax, requestMs, unreadMs, answerMs }: OpsLimits = OPS_LIMITS): void {
  server.maxConnections = connectionsMax;
  server.headersTimeout = requestMs;
  server.requestTimeout = requestMs;
  // An option of `createServer`, which Nest calls; it is read when the server begins to listen.
  Object.assign(server, { connectionsCheckingInterval: requestMs * LATE_SHARE });
  // Nothing was read or written: a server that is still at its answer has nothing to send either, and is waited for.
  server.setTimeout(unreadMs, (socket: Socket) => {
    if (socket.writableLength > 0) socket.destroy();
  });
  server.on('request', (_, response) => {
    response.once('prefinish', () => {
      const cutting = setTimeout(() => response.socket?.destroy(), answerMs);
      cutting.unref();
      response.once('close', () => clearTimeout(cutting));
    });
  });
}
