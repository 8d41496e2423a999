import { type GameEvent, type Seat, unpack } from '#libs/protocol';
import type { PendingEffect, Refusal } from '#libs/room';
import { assertStored, isArrayOf, isCount, isMap, isNamed, isPendingEffect, isRefusal, isText, readStored } from './stored-bytes.js';

/**
 * How a game ended, for players who did not hear it from the owner: it died with its last words, or they were away.
 * Kept for a while after the end, beside the room.
 */
export interface Epilogue {
  readonly epoch: number;
  readonly round: number;
  readonly version: number;
  /** By seat: what they may see of the last state, their highest command that was applied, and those refused lately. */
  readonly seats: readonly { readonly user: string; readonly seq: number; readonly refused: readonly Refusal[]; readonly state: unknown }[];
  /** What spectators may see. */
  readonly watched: unknown;
  /** The last events, of all changes after version `since`; one with `to` is for those seats only. */
  readonly events: readonly (GameEvent & { readonly to?: readonly Seat[] })[];
  readonly since: number;
}

/** Null: the game left nothing. Throws `UnreadableError`. */
export function unpackEpilogue(bytes: Uint8Array): Epilogue | null {
  const what = 'The epilogue';
  const stored = readStored(what, () => unpack(bytes));
  if (stored === null) return null;
  assertStored(
    isMap(stored) && isCount(stored.epoch) && isCount(stored.round) && isCount(stored.version),
    what,
    'its epoch, round or version',
  );
  assertStored(Number.isSafeInteger(stored.since) && isArrayOf(stored.events, isNamed), what, 'an event');
  const isSeat = (seat: unknown): boolean => isMap(seat) && isText(seat.user) && isCount(seat.seq) && isArrayOf(seat.refused, isRefusal);
  assertStored(isArrayOf(stored.seats, isSeat), what, 'a seat');
  return stored as unknown as Epilogue;
}

/** Throws `UnreadableError`. */
export function unpackEffects(bytes: Uint8Array): readonly PendingEffect[] {
  const what = 'The list of effects';
  const stored = readStored(what, () => unpack(bytes));
  assertStored(isArrayOf(stored, isPendingEffect), what, 'an effect');
  return stored as unknown as PendingEffect[];
}
