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
  /** Size of the changes after which a checkpoint is written, in bytes, even if `checkpointEveryChanges` is not reached. */
  readonly checkpointEveryBytes: number;
  /** Time since the last checkpoint after which the next change causes a new one, in ms. */
  readonly checkpointEveryMs: number;
  /** Number of migrations that a drain runs at the same time. */
  readonly migrationsAtOnce: number;
  /**
   * Time without a connection after which a player is `away` for the game, in ms. It is longer than a client needs to resume, so that a
   * short interruption does not reach the game.
   */
  readonly awayAfterMs: number;
  /** When an effect handler has neither finished nor failed after this time, the server logs it, in ms. */
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
 * Maximum number of changes of a room that wait for their append. With more changes, the store is too slow, and the room refuses commands
 * as `busy`.
 */
export const UNFLUSHED_MAX = 256;
/**
 * Maximum number of changes of a room that are kept for clients that reconnect. A client with an older version gets a snapshot. In
 * addition, the events of the same number of earlier changes are kept.
 */
export const RECENT_CHANGES_MAX = 128;
/**
 * Maximum packed size of the kept changes, in bytes. The same maximum applies to the kept events of earlier changes. This maximum is more
 * than `BACKLOG_BYTES_MAX`, so that a client whose connection was closed for its backlog still gets the changes that it missed.
 */
export const RECENT_BYTES_MAX = 512 * 1024;
/** Maximum packed size of the events in a checkpoint, in bytes. With this limit, a checkpoint is not much larger than its state. */
export const EVENT_TAIL_BYTES_MAX = 16 * 1024;

/** Delay before an append without an answer is sent again, in ms. */
export const APPEND_RETRY_MS = 50;
/** Players receive a pause once the store has not answered for this long, in ms. A pause for each shorter wait would only disturb them. */
export const STALL_PAUSE_MS = 1_000;
/** Period of the regular audit, in ms. Each reconnect also starts an audit. An audit of many rooms may take longer than the period. */
export const AUDIT_EVERY_MS = 5_000;
/**
 * Number of rooms in one pipeline of an audit, and the pause between two pipelines, in ms. An urgent audit makes no pauses. A regular audit
 * makes pauses, because it would otherwise delay commands.
 */
export const AUDIT_URGENT = { size: 250, pauseMs: 0 } as const;
export const AUDIT_ROUTINE = { size: 50, pauseMs: 100 } as const;
/** Delay before the server again tries to write an index that the store lost, in ms. */
export const INDEX_RETRY_MS = 500;
/** A timer with the period `PAUSE_TICK_MS` that is late by `OWN_PAUSE_MS` shows that the process has slept. Both are in ms. */
export const PAUSE_TICK_MS = 250;
export const OWN_PAUSE_MS = 750;
/** Period of the heartbeat of an owner, in ms. A measured downtime is too long by at most this period. */
export const HEARTBEAT_MS = 1_000;
/**
 * Longest time for which a migration waits for the store before the handoff, in ms. The players of the room wait meanwhile, so after this
 * time the migration fails and the room continues here.
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
 * Time for which the whole end of a game is kept, in ms. If the store loses the end, this server writes it again. A store with a log or a
 * replica never falls back by more than this time.
 */
export const ENDED_KEPT_MS = 60_000;
/** Maximum number of ends of games that are kept whole, and the maximum size of all of them, in bytes. */
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
