import type { ScaleThresholds } from './wanted-servers.js';

export interface AdminOptions {
  /** What an operator's request must carry: `Authorization: Bearer …`. */
  readonly token: string;
  readonly scale: ScaleThresholds & {
    /** How long fewer servers must have been enough before fewer are wanted, in ms. */
    readonly windowMs: number;
  };
}

export const ADMIN_OPTIONS = Symbol('AdminOptions');

/** A drain moves every room of a server; the answer comes when it has, or after this, in ms. */
export const DRAIN_WAIT_MS = 120_000;
/** A room that moves waits for its store and for its next owner. */
export const ROOM_REQUEST_MS = 30_000;
/** How often the fleet's capacity is looked at, in ms: well within any stabilisation window, and from memory. */
export const CAPACITY_SAMPLE_MS = 1_000;

/** Rooms read from the index at a time, and at most for one answer, however few of them match its filters. */
export const ROOMS_READ_AT_ONCE = 200;
export const ROOMS_READ_MAX = 5_000;

/** Event streams of one gateway: operators and dashboards, not players. */
export const STREAMS_MAX = 100;
/** What was told before somebody listened is shown on request, as far as this process heard it. */
export const HAPPENINGS_KEPT = 1_000;
/** An event stream whose reader is this far behind is closed; it comes back and says what it saw last. */
export const STREAM_BACKLOG_BYTES_MAX = 1_048_576;
/** A comment this often, in ms, so that proxies do not take a quiet fleet for a dead connection. */
export const STREAM_KEEPALIVE_MS = 15_000;
