import type { Server } from 'node:http';
import type { Socket } from 'node:net';

export interface OpsLimits {
  /** Maximum number of sockets, event streams included. The server closes further sockets at once. */
  readonly connectionsMax: number;
  /** Time limit for a complete request, and for the first request of a connection, in ms. */
  readonly requestMs: number;
  /** Time for which sent data may stay unread before the connection is closed, in ms. */
  readonly unreadMs: number;
  /** Time limit for reading a complete answer, in ms. An event stream is never complete. */
  readonly answerMs: number;
}

/** Low limits are enough, because only a few fast clients of operators use the ops port. */
export const OPS_LIMITS: OpsLimits = { connectionsMax: 256, requestMs: 5_000, unreadMs: 10_000, answerMs: 30_000 };

/**
 * Interval at which Node looks for overdue connections, as a fraction of `requestMs`. By default it is 30 s, for which a slow sender would
 * occupy a connection.
 */
const LATE_SHARE = 0.1;

/** Applies the limits to an HTTP server. Call it before the server listens. */
export function limitOps(server: Server, { connectionsMax, requestMs, unreadMs, answerMs }: OpsLimits = OPS_LIMITS): void {
  server.maxConnections = connectionsMax;
  server.headersTimeout = requestMs;
  server.requestTimeout = requestMs;
  // Nest calls `createServer`, so the option cannot be passed there. Node reads this property only when the server begins to listen.
  Object.assign(server, { connectionsCheckingInterval: requestMs * LATE_SHARE });
  // Called after `unreadMs` without reads and writes. Closes the connection only if data is unsent, so a connection that waits for its
  // answer stays open.
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
