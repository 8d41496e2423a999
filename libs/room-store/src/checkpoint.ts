import { pack, type Seat, unpack } from '#libs/protocol';
import type { Change, RoomValue } from '#libs/room';

/** What a change told its room beside the state. */
export type ToldChange = Pick<Change, 'version' | 'events'>;

/**
 * What players were told lately, for the next owner: whoever comes back to it gets what they missed, once, though the
 * log in which it stood was cut. Complete for all versions after `since`; changes without events are left out.
 */
export interface ToldTail {
  readonly since: number;
  readonly changes: readonly ToldChange[];
  /** Seats that were shown their game once: one of these who comes back to it with nothing has reloaded a page. */
  readonly shown: readonly Seat[];
}

/** What a checkpoint stores: the room's value, and the tail beside it in one object. */
export interface Checkpoint {
  readonly value: RoomValue;
  /** Null: it was written without one. */
  readonly tail: ToldTail | null;
}

export function packCheckpoint(value: RoomValue, tail: ToldTail | null): Uint8Array {
  return pack(tail === null ? value : { ...value, tail });
}

/** Throws where the bytes are no checkpoint. */
export function unpackCheckpoint(bytes: Uint8Array): Checkpoint {
  const { tail = null, ...value } = unpack(bytes) as RoomValue & { tail?: ToldTail };
  assertRoomValue(value);
  return { value, tail };
}

/** Of what a server relies on when it takes the room. A broken disk gives bytes that are MessagePack, too. */
function assertRoomValue({ room, game, gameVersion, version, seats, timers, state, outbox }: RoomValue): void {
  const isValue =
    typeof room === 'string' &&
    typeof game === 'string' &&
    Number.isInteger(gameVersion) &&
    Number.isInteger(version) &&
    Array.isArray(seats) &&
    seats.every((seat) => typeof seat?.user === 'string' && Number.isInteger(seat.seq) && Array.isArray(seat.refused)) &&
    Object.values(timers).every((due) => Number.isFinite(due)) &&
    typeof state === 'object' &&
    state !== null &&
    Array.isArray(outbox);
  if (!isValue) throw new Error('these bytes are no checkpoint of a room');
}
