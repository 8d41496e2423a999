import { STATE_BYTES_MAX_DEFAULT } from '#libs/room';

export const ROOM_HOST_OPTIONS = Symbol('RoomHostOptions');

export interface RoomHostOptions {
  /** Maximum number of rooms on this server. */
  readonly roomsMax: number;
  /**
   * Limit of a packed state with its timers and effects, in bytes. A state is kept in memory, stored and migrated as a whole, so a large
   * one would delay other rooms.
   */
  readonly stateBytesMax: number;
  /** Maximum size of one packed sync, in bytes. A frame that is too long for a link would close the link. */
  readonly syncBytesMax: number;
  /** Number of changes after which a checkpoint is written. */
  readonly checkpointEveryChanges: number;
  /** Bytes of changes after which a checkpoint is written, also when there are fewer changes. */
  readonly checkpointEveryBytes: number;
  /** Time since the last checkpoint after which the next change causes one, in ms. */
  readonly checkpointEveryMs: number;
  /** Number of migrations that a drain runs at the same time. */
  readonly migrationsAtOnce: number;
  /**
   * Time without a connection after which a player is `away` for the game, in ms. It is longer than a client needs to resume, so that a
   * short interruption does not reach the game.
   */
  readonly awayAfterMs: number;
  /** Time after which an effect handler that has neither finished nor failed is logged, in ms. */
  readonly effectWarnMs: number;
}

export const ROOM_HOST_DEFAULTS: RoomHostOptions = {
  roomsMax: 1_000,
  stateBytesMax: STATE_BYTES_MAX_DEFAULT,
  syncBytesMax: 2 * 1024 * 1024,
  checkpointEveryChanges: 200,
  checkpointEveryBytes: 64 * 1024,
  checkpointEveryMs: 60_000,
  migrationsAtOnce: 32,
  awayAfterMs: 2_000,
  effectWarnMs: 60_000,
};

/**
 * Maximum number of changes of a room that wait for their append. Beyond it the room refuses commands as `busy`, because the store is too
 * slow.
 */
export const UNFLUSHED_MAX = 256;
/**
 * Maximum number of changes of a room that are kept for clients that come back. A client with an older version gets a snapshot. In
 * addition, the events of as many earlier changes are kept.
 */
export const RECENT_CHANGES_MAX = 128;
/**
 * Maximum packed size of the kept changes, and also of the kept events of earlier changes, in bytes. It is more than `BACKLOG_BYTES_MAX`,
 * so a client whose connection was closed for its backlog finds the changes that it missed.
 */
export const RECENT_BYTES_MAX = 512 * 1024;
/** Limit of the events in the tail of a checkpoint, packed, in bytes. It keeps a checkpoint about as large as its state. */
export const EVENT_TAIL_BYTES_MAX = 16 * 1024;

/** Delay before an append without an answer is sent again, in ms. */
export const APPEND_RETRY_MS = 50;
/** Players receive a pause once the store has not answered for this long, in ms. A pause for each shorter wait would only disturb them. */
export const STALL_PAUSE_MS = 1_000;
/** Period of the regular audit, in ms. An audit also follows each reconnect. An audit of many rooms may take longer than the period. */
export const AUDIT_EVERY_MS = 5_000;
/**
 * Rooms per pipeline of an audit, and the pause between two pipelines, in ms. An urgent audit takes no pause. A regular audit takes pauses,
 * because it would delay commands otherwise.
 */
export const AUDIT_URGENT = { size: 250, pauseMs: 0 } as const;
export const AUDIT_ROUTINE = { size: 50, pauseMs: 100 } as const;
/** Delay before an index that could not be written after a loss of the store is tried again, in ms. */
export const INDEX_RETRY_MS = 500;
/** A timer with the period `PAUSE_TICK_MS` that is late by `OWN_PAUSE_MS` shows that the process has slept. Both are in ms. */
export const PAUSE_TICK_MS = 250;
export const OWN_PAUSE_MS = 750;
/** Period of the heartbeat of an owner, in ms. A measured downtime is too long by at most this period. */
export const HEARTBEAT_MS = 1_000;
/**
 * Longest time for which a room that is to migrate waits for the store, in ms. After that time the room stays and continues, because its
 * players wait meanwhile.
 */
export const MIGRATION_STORE_WAIT_MS_MAX = 3_000;
export const HANDOFF_RETRY_MS = 50;
/** Longest time for which the source of a migration keeps its copy for a target that does not answer, in ms. */
export const LAME_MS_MAX = 10_000;
export const LOAD_TIMEOUT_MS = 3_000;
/** Delay before rooms that could not be migrated are tried again, in ms. */
export const MOVE_RETRY_MS = 200;
/** Period of the sweep for rooms that this server owns and does not host, in ms. */
export const SWEEP_MS = 2_000;
/**
 * Time for which the whole end of a game is kept, in ms, to write it again when the store loses it. A store with a log or a replica
 * never falls back by more than this.
 */
export const ENDED_KEPT_MS = 60_000;
/** Maximum number of ends of games that are kept, and their maximum size together, in bytes. */
export const ENDED_WHOLE_MAX = 2_000;
export const ENDED_BYTES_MAX = 32 * 1024 * 1024;
/**
 * Time for which the result of a game is kept, in ms, and the maximum number of results. A known result prevents the adoption of an older
 * copy of the game.
 */
export const ENDED_REMEMBERED_MS = 600_000;
export const ENDED_REMEMBERED_MAX = 20_000;
/**
 * Time that must pass between the last end of a game and a planned exit, in ms. By then, a Redis that writes to disk once a second has
 * stored the end.
 */
export const ENDED_DURABLE_MS = 2_000;
