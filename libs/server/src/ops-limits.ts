import type { Server } from 'node:http';
import type { Socket } from 'node:net';

export interface OpsLimits {
  /** Maximum number of sockets, event streams included. The server closes each further socket at once. */
  readonly connectionsMax: number;
  /** Time limit for a complete request, and for the first request of a connection, in ms. */
  readonly requestMs: number;
  /** Time after which a connection is closed if the client has not read the sent data, in ms. */
  readonly unreadMs: number;
  /** Time limit for reading a complete answer, in ms. An event stream is never complete. */
  readonly answerMs: number;
}

/** The limits of the ops port. They are low, because only a few fast clients of operators use this port. */
export const OPS_LIMITS: OpsLimits = { connectionsMax: 256, requestMs: 5_000, unreadMs: 10_000, answerMs: 30_000 };

/**
 * Interval at which Node checks for overdue connections, as a fraction of `requestMs`. With Node's default of 30 s, a slow sender could
 * occupy a connection for that time.
 */
const LATE_SHARE = 0.1;

/** Applies the limits to an HTTP server. Call it before the server listens. */
export function limitOps(server: Server, { connectionsMax, requestMs, unreadMs, answerMs }: OpsLimits = OPS_LIMITS): void {
  server.maxConnections = connectionsMax;
  server.headersTimeout = requestMs;
  server.requestTimeout = requestMs;
  // Sets `connectionsCheckingInterval` on the server itself, because Nest calls `createServer` and takes no option for it. Node reads the
  // property only when the server begins to listen.
  Object.assign(server, { connectionsCheckingInterval: requestMs * LATE_SHARE });
  // This timeout fires after `unreadMs` without reads and writes. It closes the connection only if data is unsent, because a connection
  // without unsent data waits for its answer.
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
