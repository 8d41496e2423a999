import { STATE_BYTES_MAX_DEFAULT } from '#libs/room';

export const ROOM_HOST_OPTIONS = Symbol('RoomHostOptions');

export interface RoomHostOptions {
  /** Maximum number of rooms on this server. */
  readonly roomsMax: number;
  /**
   * Maximum packed size of a state with its timers and effects, in bytes. A state is kept in memory, stored and migrated as a whole, so a
   * large one would delay other rooms.
   */
  readonly stateBytesMax: number;
  /** Maximum size of one packed sync, in bytes. Without this limit, a frame could be too long for a link, and the link would be closed. */
  readonly syncBytesMax: number;
  /** Number of changes since the last checkpoint after which the owner writes the next checkpoint. */
  readonly checkpointEveryChanges: number;
  /** Packed size of the changes since the last checkpoint at which the owner writes the next checkpoint, in bytes. */
  readonly checkpointEveryBytes: number;
  /** Time since the last checkpoint after which the next change causes another checkpoint, in ms. */
  readonly checkpointEveryMs: number;
  /** Number of migrations that a drain runs at the same time. */
  readonly migrationsAtOnce: number;
  /**
   * Time without a connection after which a player is `away` for the game, in ms. It is longer than a client needs to resume, so that a
   * short interruption does not reach the game.
   */
  readonly awayAfterMs: number;
  /** Time after which the server logs an effect handler that has not settled, in ms. */
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
 * Maximum number of changes of a room that wait to be stored. With more changes, the room refuses commands as `busy`, because the store is
 * too slow.
 */
export const UNFLUSHED_MAX = 256;
/**
 * Maximum number of changes of a room that are kept for clients that reconnect. A client whose state is older than these changes gets a
 * snapshot. In addition, the events of the same number of earlier changes are kept.
 */
export const RECENT_CHANGES_MAX = 128;
/**
 * Maximum packed size of the changes of a room that are kept for clients that reconnect, in bytes. The events of earlier changes have the
 * same maximum. This maximum is above `BACKLOG_BYTES_MAX`, so a client whose connection was closed for its backlog still gets the changes
 * that it missed.
 */
export const RECENT_BYTES_MAX = 512 * 1024;
/** Maximum packed size of the events in a checkpoint, in bytes. With this limit, a checkpoint is not much larger than its state. */
export const EVENT_TAIL_BYTES_MAX = 16 * 1024;

/** Delay before an append without an answer is sent again, in ms. */
export const APPEND_RETRY_MS = 50;
/** Time without an answer of the store after which players receive a pause, in ms. A pause for a shorter wait would only disturb them. */
export const STALL_PAUSE_MS = 1_000;
/** Period of the regular audit, in ms. Each reconnect also starts an audit. An audit of many rooms can take longer than the period. */
export const AUDIT_EVERY_MS = 5_000;
/**
 * Number of rooms in one pipeline of an audit, and the pause between two pipelines, in ms. Only a regular audit pauses, so that it does not
 * delay commands.
 */
export const AUDIT_URGENT = { size: 250, pauseMs: 0 } as const;
export const AUDIT_ROUTINE = { size: 50, pauseMs: 100 } as const;
/** Delay before the server again tries to write an index that the store lost, in ms. */
export const INDEX_RETRY_MS = 500;
/** The process was suspended when a timer of period `PAUSE_TICK_MS` is late by `OWN_PAUSE_MS`. Both are in ms. */
export const PAUSE_TICK_MS = 250;
export const OWN_PAUSE_MS = 750;
/** Period of the heartbeat of an owner, in ms. It is also the maximum error of a measured downtime. */
export const HEARTBEAT_MS = 1_000;
/**
 * Longest time for which a migration waits for the store before the handoff, in ms. After this time the migration fails and the room
 * continues here, because its players wait.
 */
export const MIGRATION_STORE_WAIT_MS_MAX = 3_000;
export const HANDOFF_RETRY_MS = 50;
/** Longest time for which the source of a migration keeps its copy of the room for a target that does not answer, in ms. */
export const LAME_MS_MAX = 10_000;
export const LOAD_TIMEOUT_MS = 3_000;
/** Delay before rooms that could not be migrated are tried again, in ms. */
export const MOVE_RETRY_MS = 200;
/** Period of the sweep for rooms that this server owns and does not host, in ms. */
export const SWEEP_MS = 2_000;
/**
 * Time for which the data of an ended game is kept, in ms. If the store loses the end of the game, this server uses the data to write the
 * end again. A store with a log or a replica never falls back by more than this time.
 */
export const ENDED_KEPT_MS = 60_000;
/** Maximum number of ended games whose data is kept, and the maximum size of this data in total, in bytes. */
export const ENDED_WHOLE_MAX = 2_000;
export const ENDED_BYTES_MAX = 32 * 1024 * 1024;
/**
 * Time for which the result of a game is remembered, in ms, and the maximum number of results. A remembered result prevents the adoption of
 * an older copy of the game.
 */
export const ENDED_REMEMBERED_MS = 600_000;
export const ENDED_REMEMBERED_MAX = 20_000;
/**
 * Time for which a planned exit of the server waits after the last end of a game, in ms. Within this time, a Redis that writes to disk once
 * a second stores the end.
 */
export const ENDED_DURABLE_MS = 2_000;
