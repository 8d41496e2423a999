import { type GameEvent, type Seat, unpack } from '#libs/protocol';
import type { PendingEffect, Refusal } from '#libs/room';
import { assertStored, isArrayOf, isCount, isMap, isNamed, isPendingEffect, isRefusal, isText, readStored } from './stored-bytes.js';

/**
 * The stored end of a game, for players who did not receive it from the owner, because they were away or the owner died. The store keeps it
 * for a limited time under a separate key.
 */
export interface Epilogue {
  readonly epoch: number;
  readonly round: number;
  readonly version: number;
  /** By seat: the player's view of the last state, the sequence number of the last applied command, and the recent rejections. */
  readonly seats: readonly { readonly user: string; readonly seq: number; readonly refused: readonly Refusal[]; readonly state: unknown }[];
  /** The spectators' view of the last state. */
  readonly watched: unknown;
  /** The events of all changes after version `since`. An event with `to` is only for the seats in `to`. */
  readonly events: readonly (GameEvent & { readonly to?: readonly Seat[] })[];
  readonly since: number;
}

/** Reads an epilogue. Null: the game stored none. Throws `UnreadableError`. */
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

/** Reads a batch of effects. Throws `UnreadableError`. */
export function unpackEffects(bytes: Uint8Array): readonly PendingEffect[] {
  const what = 'The list of effects';
  const stored = readStored(what, () => unpack(bytes));
  assertStored(isArrayOf(stored, isPendingEffect), what, 'an effect');
  return stored as unknown as PendingEffect[];
}
