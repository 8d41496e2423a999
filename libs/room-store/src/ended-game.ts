import type { GameResult } from '#libs/protocol';
import type { PendingEffect } from '#libs/room';
import type { DocAtRev } from './append.js';
import type { Epilogue } from './epilogue.js';

/** The fields of a record that identify the last game and its owner. */
export interface LastGame extends DocAtRev {
  readonly epoch: number;
  /** The last owner of the room. Empty: the room has no owner. */
  readonly owner: string;
  /** The number of games that were played to their end. */
  readonly round: number;
}

/** A game that has ended, as its last owner knows it. */
export interface EndedGame extends DocAtRev {
  readonly epoch: number;
  readonly batch: string;
  readonly result: GameResult;
  /** Effects that are not done yet. */
  readonly effects: readonly PendingEffect[];
  readonly epilogue: Epilogue | null;
  /** The number of games that were played to their end in the room, with this one. */
  readonly round: number;
  readonly game: string;
}

/**
 * The effects of ended games that are not done yet. They are stored by batch, the id of the last append of each game, because a room may
 * end a second game while effects of the first are tried again.
 */
export interface LastEffects {
  readonly batches: readonly string[];
  readonly effects: readonly PendingEffect[];
  /** Keys of effects on which a server crashed or hung. These effects must not run again, because the next server could crash as well. */
  readonly poisoned: readonly string[];
  /** Batches that cannot be read. They are among `batches`, and were copied to another key. Absent: none. */
  readonly unreadable?: readonly string[];
}
