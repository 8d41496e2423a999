import type { GameResult } from '#libs/protocol';
import type { PendingEffect } from '#libs/room';
import type { DocAtRev } from './append.js';
import type { Epilogue } from './epilogue.js';

/** The record of a room, as far as it says whose the last game was. */
export interface LastGame extends DocAtRev {
  readonly epoch: number;
  /** '': nobody owns the room. */
  readonly owner: string;
  /** Games that were played to their end. */
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
  /** Games that were played to their end in the room, this one among them. */
  readonly round: number;
  readonly game: string;
}

/** By the last append of each game: a room may have ended a second game while effects of the first are tried again. */
export interface LastEffects {
  readonly batches: readonly string[];
  readonly effects: readonly PendingEffect[];
  /** Keys of those that cost a server: they must not run again. */
  readonly poisoned: readonly string[];
  /** Batches that cannot be read. They are among `batches`, and were put aside. */
  readonly unreadable?: readonly string[];
}
