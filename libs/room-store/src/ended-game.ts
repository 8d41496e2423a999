import type { GameResult } from '#libs/protocol';
import type { PendingEffect } from '#libs/room';
import type { DocAtRev } from './append.js';
import type { Epilogue } from './epilogue.js';

/** The fields of a record that identify the last game and its owner. */
export interface LastGame extends DocAtRev {
  readonly epoch: number;
  /** The last owner of the room. Empty: the room has no owner. */
  readonly owner: string;
  /** The number of games that were played to their end in this room. */
  readonly round: number;
}

/** A game that has ended, and the data with which its last owner can store the end again. */
export interface EndedGame extends DocAtRev {
  readonly epoch: number;
  readonly batch: string;
  readonly result: GameResult;
  /** The effects that are still pending. */
  readonly effects: readonly PendingEffect[];
  readonly epilogue: Epilogue | null;
  /** The number of games that were played to their end in the room, including this game. */
  readonly round: number;
  readonly game: string;
}

/**
 * The pending effects of ended games. They are stored in batches. The name of a batch is the id of the last append of its game, because the
 * next game of a room can end while the effects of the earlier game are still being tried.
 */
export interface LastEffects {
  readonly batches: readonly string[];
  readonly effects: readonly PendingEffect[];
  /** Keys of effects on which a server crashed or hung. These effects must not run again, because the next server could crash as well. */
  readonly poisoned: readonly string[];
  /** Batches that cannot be read. They were copied to another key, and are also in `batches`. Absent: none. */
  readonly unreadable?: readonly string[];
}
