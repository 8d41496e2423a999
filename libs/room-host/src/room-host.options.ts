import { STATE_BYTES_MAX_DEFAULT } from '#libs/room';

export const ROOM_HOST_OPTIONS = Symbol('RoomHostOptions');

export interface RoomHostOptions {
  /** Rooms this server takes. */
  readonly roomsMax: number;
  /** A room's state and what belongs to it, packed, in bytes: it is held, stored and moved whole. */
  readonly stateBytesMax: number;
  /** What players are told in one step, packed, in bytes: a link that was sent a longer frame than it carries would be cut. */
  readonly syncBytesMax: number;
  /** A checkpoint after this many changes … */
  readonly checkpointEveryChanges: number;
  /** … or this many bytes of changes … */
  readonly checkpointEveryBytes: number;
  /** … or this long after the last one, if anything changed, in ms. */
  readonly checkpointEveryMs: number;
  /** Rooms moved side by side when this server empties itself. */
  readonly migrationsAtOnce: number;
  /** A player without a connection for this long is `away` for the game, in ms: longer than a client takes to resume. */
  readonly awayAfterMs: number;
  /** A handler of an effect that has not settled after this is named in the log, in ms. */
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

/** Changes made and not yet durable, a room: beyond it commands are refused as `busy`, since the store does not keep up. */
export const UNFLUSHED_MAX = 256;
/** Changes kept for clients that come back, a room; past it they get a snapshot. As many more that told something, for what they told. */
export const RECENT_CHANGES_MAX = 128;
/** Their bytes, packed, of each kind: more than a slow reader has not read when its connection is closed (`BACKLOG_BYTES_MAX`). */
export const RECENT_BYTES_MAX = 512 * 1024;
/** What players were told lately goes with each checkpoint, up to this size, packed: a small part of the state's own limit. */
export const TOLD_BYTES_MAX = 16 * 1024;

/** An append without an answer is sent again after this, as it is. */
export const APPEND_RETRY_MS = 50;
/** Players hear that their game waits once the store has been silent for this long; shorter waits are just lag. */
export const STALL_TOLD_MS = 1_000;
/** All rooms are compared with the store this often, in ms, besides after each reconnect; more than fit into that time take theirs. */
export const AUDIT_EVERY_MS = 5_000;
/** Rooms compared in one pipeline: where something has happened, in no time; else so that nobody's move waits for it. */
export const AUDIT_URGENT = { size: 250, pauseMs: 0 } as const;
export const AUDIT_ROUTINE = { size: 50, pauseMs: 100 } as const;
/** An index that could not be written after a loss of the store is tried again after this, in ms. */
export const INDEX_RETRY_MS = 500;
/** A timer of this period that comes this much late means that the process slept, in ms. */
export const PAUSE_TICK_MS = 250;
export const OWN_PAUSE_MS = 750;
/** An owner says that it lives this often, in ms: at most by so much is a pause taken for longer than it was. */
export const HEARTBEAT_MS = 1_000;
/** A room that is to move waits at most this long for the store, in ms; else it stays. */
export const SETTLE_MS_MAX = 3_000;
export const HANDOFF_RETRY_MS = 50;
/** How long the source of a move keeps its silent copy for a target that does not answer, in ms. */
export const LAME_MS_MAX = 10_000;
export const LOAD_TIMEOUT_MS = 3_000;
/** Rooms that could not be moved are tried again after this, in ms. */
export const MOVE_RETRY_MS = 200;
/** Rooms that the record gives to this server but which it does not hold are looked for this often, in ms. */
export const SWEEP_MS = 2_000;
/**
 * What a game left that ended here is kept whole for this long, in ms, to write its end again should the store lose it: longer than any
 * store falls back that keeps a log or has a replica …
 */
export const ENDED_KEPT_MS = 60_000;
/** … but no more games than this, and no more bytes. */
export const ENDED_WHOLE_MAX = 2_000;
export const ENDED_BYTES_MAX = 32 * 1024 * 1024;
/** That they ended is remembered for this long, in ms, and of this many: an older copy of such a game is not taken up. */
export const ENDED_REMEMBERED_MS = 600_000;
export const ENDED_REMEMBERED_MAX = 20_000;
/** A planned exit waits until the last end is this old, in ms: a Redis that writes to disk once a second has it by then. */
export const ENDED_DURABLE_MS = 2_000;
