import type { GameResult, RoomId } from '#libs/protocol';
import type { PendingEffect } from '#libs/room';
import type { Epilogue } from './epilogue.js';
import type { RoomDoc, RoomOwnership } from './room-record.js';

/** The right to write to a room's log: who, and with which fencing token. */
export interface Tenure extends RoomOwnership {
  readonly epoch: number;
}

/** What a conditional write answers. `unknown`: no answer came; repeat the very same write, never a new one. */
export type WriteResult = 'ok' | 'fenced' | 'behind' | 'missing' | 'conflict' | 'unknown';

export interface Append {
  readonly room: RoomId;
  readonly tenure: Tenure;
  /** The room's version before the first change; null where the log is not kept and any will do (only with `ended`). */
  readonly from: number | null;
  /** The changes, each as `packChange` makes it; none with `ended`. */
  readonly entries: readonly Uint8Array[];
  /** Names this append among all: its own repeat is told from another writer's. */
  readonly batch: string;
  /** Set when the last change ends the game: the log is not written, the room goes back to the lobby. */
  readonly ended?: GameResult;
  readonly lastEffects?: readonly PendingEffect[];
  readonly epilogue?: Epilogue;
  /** With `ended`: called with the record's document as it is once the store has the end, also when the append is repeated. */
  readonly onEnded?: (record: DocAtRev) => void;
}

/** The lobby's part of a record, and the revision that names this content. */
export interface DocAtRev {
  readonly doc: RoomDoc;
  readonly rev: number;
}
