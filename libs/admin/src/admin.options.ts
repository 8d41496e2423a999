import type { AdminToken } from './access/admin-tokens.js';
import type { ScaleThresholds } from './wanted-servers.js';

export interface AdminOptions {
  /** The tokens of operators and viewers. A request must have one of them: `Authorization: Bearer …`. */
  readonly tokens: readonly AdminToken[];
  readonly scale: ScaleThresholds & {
    /**
     * The wanted number of game servers is the maximum of all samples of the last `windowMs`. So no server stops when the number of rooms
     * is low for only a short time.
     */
    readonly windowMs: number;
  };
}

export const ADMIN_OPTIONS = Symbol('AdminOptions');

/** Time limit for a drain, in ms. The server answers the request only after it has tried to migrate all of its rooms. */
export const DRAIN_WAIT_MS = 120_000;
/** Interval in ms at which the gateway stores the progress of a drain. */
export const DRAIN_PROGRESS_MS = 1_000;
/** Time limit for the migration of a room, in ms. The limit is long, because the migration waits for Redis and for the next owner. */
export const ROOM_REQUEST_MS = 30_000;
/** Interval at which the capacity of the fleet is sampled, in ms. A sample is cheap, because it reads only memory. */
export const CAPACITY_SAMPLE_MS = 1_000;

/** Maximum number of open event streams of one gateway. */
export const STREAMS_MAX = 100;
/** Number of past server events that a gateway keeps for new readers. The gateway keeps the same number of room events in a second list. */
export const OPERATOR_EVENTS_KEPT = 1_000;
/** Number of unsent bytes at which the gateway closes a stream. The reader reconnects with the id of the last event that it received. */
export const STREAM_BACKLOG_BYTES_MAX = 1_048_576;
/** Interval of keepalive comments, in ms. They prevent proxies from closing a stream without events. */
export const STREAM_KEEPALIVE_MS = 15_000;

/**
 * Time limit in ms for one server to describe itself, and for one gateway to list its players. The limit is short, because an operator's
 * page waits for the answers.
 */
export const INSPECT_MS = 2_000;
