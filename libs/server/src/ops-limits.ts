import type { Server } from 'node:http';

export interface OpsLimits {
  /** Sockets at once, event streams among them; with one more, the newcomer is closed. */
  readonly connectionsMax: number;
  /** In which a request must be whole, and a connection must have begun one, in ms. */
  readonly requestMs: number;
}

/** Operators and their machines are few, and quick. */
export const OPS_LIMITS: OpsLimits = { connectionsMax: 256, requestMs: 5_000 };

/** How late one that is overdue is found: Node looks every 30 s unless told otherwise, which is how long a drip would hold a place. */
const LATE_SHARE = 0.1;

/** Before the server listens. */
export function limitOps(server: Server, { connectionsMax, requestMs }: OpsLimits = OPS_LIMITS): void {
  server.maxConnections = connectionsMax;
  server.headersTimeout = requestMs;
  server.requestTimeout = requestMs;
  // An option of `createServer`, which Nest calls; it is read when the server begins to listen.
  Object.assign(server, { connectionsCheckingInterval: requestMs * LATE_SHARE });
}
