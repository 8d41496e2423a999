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
  /** The room's time when this was written, in ms since 1970: it goes on from there, and never back. */
  readonly at?: number;
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

export function unpackCheckpoint(bytes: Uint8Array): Checkpoint {
  const { tail = null, ...value } = unpack(bytes) as RoomValue & { tail?: ToldTail };
  return { value, tail };
}
