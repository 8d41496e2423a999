import type { Server } from 'node:http';
import type { Socket } from 'node:net';

export interface OpsLimits {
  /** Maximum number of sockets, event streams included. The server closes further ones. */
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
 * Longest delay until an overdue connection is found, as a share of `requestMs`. Node checks only every 30 s by default, so a slow sender
 * would keep its place for that long.
 */
const LATE_SHARE = 0.1;

/** Applies the limits to an HTTP server. Call it before the server listens. */
export function limitOps(server: Server, { connectionsMax, requestMs, unreadMs, answerMs }: OpsLimits = OPS_LIMITS): void {
  server.maxConnections = connectionsMax;
  server.headersTimeout = requestMs;
  server.requestTimeout = requestMs;
  // This is an option of `createServer`, which Nest calls. Node reads it when the server begins to listen.
  Object.assign(server, { connectionsCheckingInterval: requestMs * LATE_SHARE });
  // For `unreadMs`, nothing was read or written. A connection that waits for its answer has no data to send, so it stays open.
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
