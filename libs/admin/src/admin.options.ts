import type { ScaleThresholds } from './wanted-servers.js';

export interface AdminOptions {
  /** The token that an operator's request must have: `Authorization: Bearer …`. */
  readonly token: string;
  readonly scale: ScaleThresholds & {
    /** Time in ms for which fewer servers must have been enough before the wanted number of servers becomes smaller. */
    readonly windowMs: number;
  };
}

export const ADMIN_OPTIONS = Symbol('AdminOptions');

/** Time limit for the answer to a drain, which migrates every room of a server, in ms. */
export const DRAIN_WAIT_MS = 120_000;
/** Time limit for the migration of a room, in ms. The migration waits for Redis and for the next owner. */
export const ROOM_REQUEST_MS = 30_000;
/**
 * Interval at which the fleet's capacity is sampled, in ms. It is much shorter than any stabilization window, because a sample reads only
 * memory.
 */
export const CAPACITY_SAMPLE_MS = 1_000;

/** Number of rooms in one read of the index, and the maximum that is read for one answer, even if few of these rooms match. */
export const ROOMS_READ_AT_ONCE = 200;
export const ROOMS_READ_MAX = 5_000;

/** Maximum number of event streams of one gateway. Their readers are operators and dashboards, not players. */
export const STREAMS_MAX = 100;
/** Number of past events of servers, and of rooms, that a gateway keeps for new readers. */
export const OPERATOR_EVENTS_KEPT = 1_000;
/** Number of events of the journal from which the incidents are read. */
export const INCIDENT_EVENTS_READ = 10_000;
/** Backlog at which a stream is closed, in bytes. The reader reconnects with the id of the last event that it received. */
export const STREAM_BACKLOG_BYTES_MAX = 1_048_576;
/** Interval of keepalive comments, in ms, so that proxies do not close a quiet stream. */
export const STREAM_KEEPALIVE_MS = 15_000;
