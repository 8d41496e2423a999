import type { GameResult, RoomId } from '#libs/protocol';
import type { PendingEffect } from '#libs/room';
import type { Epilogue } from './epilogue.js';
import type { RoomDoc, RoomOwnership } from './room-record.js';

/** The right to write to the log of a room: the owner and its fencing token. */
export interface Tenure extends RoomOwnership {
  readonly epoch: number;
}

/**
 * The result of a conditional write.
 *
 * - `ok`: the store has the write, from this attempt or an earlier one.
 * - `fenced`: another server owns the room in a later epoch, or the game is over.
 * - `behind`: the store has an older version or epoch than the owner, because it lost data.
 * - `missing`: the store has no record of the room.
 * - `conflict`: another writer with the same epoch has written other changes.
 * - `unknown`: no answer came. The caller must repeat the same write before it makes another one.
 */
export type WriteResult = 'ok' | 'fenced' | 'behind' | 'missing' | 'conflict' | 'unknown';

export interface Append {
  readonly room: RoomId;
  readonly tenure: Tenure;
  /** The room's version before the first change. Null (only with `ended`): the game has no log, so the version is not compared. */
  readonly from: number | null;
  /** The changes, packed by `packChange`. The store does not write them when the append ends the game (`ended`). */
  readonly entries: readonly Uint8Array[];
  /** The id of this append. With it, the store distinguishes a repetition from an append of another writer. */
  readonly batch: string;
  /** Present when the last change ends the game. The store then deletes the log, and the room waits for its next game. */
  readonly ended?: GameResult;
  readonly lastEffects?: readonly PendingEffect[];
  readonly epilogue?: Epilogue;
  /** A callback, only with `ended`. It receives the record's document once the store has the end of the game. */
  readonly onEnded?: (record: DocAtRev) => void;
}

/** The lobby's part of a record, and its revision. Two documents of one room with the same revision are equal. */
export interface DocAtRev {
  readonly doc: RoomDoc;
  readonly rev: number;
}
