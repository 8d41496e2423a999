import { pack, type Seat, unpack } from '#libs/protocol';
import type { Change, RoomValue } from '#libs/room';
import {
  assertStored,
  type Fields,
  isArrayOf,
  isCount,
  isMap,
  isNamed,
  isPendingEffect,
  isRefusal,
  isResult,
  isText,
  readStored,
} from './stored-bytes.js';
import type { Takeover } from './takeovers.js';

/** The events of one change, with its version. */
export type EventsOfChange = Pick<Change, 'version' | 'events'>;

/**
 * The latest events, for the next owner. A checkpoint removes changes from the log, so this object keeps their events: a player who resumes
 * then receives the missed events once. The object has all events of the versions after `since`, and no changes without events.
 */
export interface EventTail {
  readonly since: number;
  readonly changes: readonly EventsOfChange[];
  /**
   * Seats whose players have received the game. If one of these players resumes without a version, for example after a reload of the page,
   * the server sends no old events.
   */
  readonly shown: readonly Seat[];
  /** The room time of this checkpoint, in ms since 1970. The room time of the next owner continues from it and never goes back. */
  readonly at?: number;
  /**
   * The takeovers (adoptions without a handoff) of this game. They are also stored here, because `reassert` restores a record without them.
   * Absent: there were none.
   */
  readonly takeovers?: readonly Takeover[];
}

/** The content of a checkpoint: the room's value and its latest events. */
export interface Checkpoint {
  readonly value: RoomValue;
  /** The latest events, for the next owner. Null: the checkpoint has no events. */
  readonly tail: EventTail | null;
}

export function packCheckpoint(value: RoomValue, tail: EventTail | null): Uint8Array {
  return pack(tail === null ? value : { ...value, tail });
}

/** Reads a checkpoint that `packCheckpoint` wrote. Throws `UnreadableError`. */
export function unpackCheckpoint(bytes: Uint8Array): Checkpoint {
  const stored = readStored(WHAT, () => unpack(bytes));
  assertStored(isMap(stored), WHAT, 'the map');
  assertValue(stored);
  const { tail = null, ...value } = stored;
  assertStored(tail === null || isTail(tail), WHAT, 'its tail');
  return { value: value as unknown as RoomValue, tail: tail as EventTail | null };
}

const WHAT = 'The checkpoint';

/** Checks everything except the game's state, which can be any value. */
function assertValue(value: Fields): void {
  assertStored(isText(value.room) && isText(value.game), WHAT, 'its room or game');
  assertStored(isCount(value.version) && isCount(value.gameVersion), WHAT, 'a version');
  assertStored(value.round === undefined || isCount(value.round), WHAT, 'its round');
  assertStored(value.mode === undefined || isText(value.mode), WHAT, 'its mode');
  assertStored('state' in value, WHAT, 'its state');
  assertStored(isArrayOf(value.seats, isSeat), WHAT, 'a seat');
  assertStored(isMap(value.timers) && Object.values(value.timers).every(Number.isFinite), WHAT, 'a timer');
  assertStored(isArrayOf(value.outbox, isPendingEffect), WHAT, 'an effect');
  assertStored(value.ended === undefined || isResult(value.ended), WHAT, 'its result');
}

function isSeat(value: unknown): boolean {
  if (!isMap(value) || !isText(value.user) || !isText(value.name) || !isCount(value.seq)) return false;
  return isText(value.presence) && isArrayOf(value.refused, isRefusal);
}

function isTail(value: unknown): boolean {
  if (!isMap(value) || !Number.isSafeInteger(value.since) || !isArrayOf(value.shown, isCount)) return false;
  if (value.takeovers !== undefined && !isArrayOf(value.takeovers, isTakeover)) return false;
  return isArrayOf(
    value.changes,
    (change) => isMap(change) && isCount(change.version) && (change.events == null || isArrayOf(change.events, isNamed)),
  );
}

function isTakeover(value: unknown): boolean {
  return isMap(value) && isCount(value.epoch) && isCount(value.version);
}
