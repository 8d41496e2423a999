import { type PackedChanges, unpackChanges } from './change-codec.js';
import { type Checkpoint, unpackCheckpoint } from './checkpoint.js';
import { decodeRoomDoc } from './room-doc-codec.js';
import type { RoomDoc, RoomOwnership } from './room-record.js';
import { readSuspect, type SuspectInput } from './suspect-marks.js';
import { joinTakeovers, readTakeovers, type Takeover } from './takeovers.js';

export interface AdoptedRoom {
  readonly epoch: number;
  readonly version: number;
  readonly batch: string;
  readonly round: number;
  readonly start: string;
  /**
   * Downtime before earlier adoptions, in ms. No change has recorded this downtime, because each later owner died before its first change.
   */
  readonly pausedMs: number;
  /** The stored checkpoint. Null: the game stores none (durability `none`). */
  readonly checkpoint: Checkpoint | null;
  /** The changes in the log. */
  readonly log: PackedChanges;
  readonly doc: RoomDoc;
  /** The revision of the record after the adoption. */
  readonly rev: number;
  /** The last input on which an owner of the room crashed or hung. It must not run again. Null: no owner crashed or hung. */
  readonly poison: SuspectInput | null;
  /** The number of owners that crashed or hung on inputs of this room. */
  readonly losses: number;
  /** The room time at the adoption, in ms since 1970, if the room was handed off to this owner. Null: it was not handed off. */
  readonly handedAt: number | null;
  /**
   * The takeovers (adoptions without a handoff) of this game, including this adoption if it is one. Epochs and versions rise along the
   * list.
   */
  readonly takeovers: readonly Takeover[];
}

/** The result of an adoption when this server owns the room now, but the stored data cannot be read. */
export interface UnreadableRoom {
  readonly epoch: number;
  /** The reason why the data cannot be read, for a log line. */
  readonly unreadable: string;
}

/** The result of an adoption when the record was not as expected. Nothing was written. The fields are the current values of the record. */
export interface NotAdopted {
  readonly owner: RoomOwnership | null;
  readonly epoch: number;
  readonly status: string;
}

/** Parses the answer of `adopt.lua` after an adoption. */
export function readAdoption(answer: readonly Buffer[]): AdoptedRoom | UnreadableRoom {
  const [epoch, version, batch, checkpoint, log, doc, round, start, pausedMs, poison, losses, handedAt, takeovers, rev] = answer;
  try {
    const stored = checkpoint!.length > 0 ? unpackCheckpoint(checkpoint!) : null;
    return {
      epoch: Number(String(epoch)),
      version: Number(String(version)),
      batch: String(batch),
      round: Number(String(round)),
      start: String(start),
      pausedMs: Number(String(pausedMs)),
      checkpoint: stored,
      log: unpackChanges(log!),
      doc: decodeRoomDoc(String(doc)),
      rev: Number(String(rev)),
      poison: readSuspect(String(poison)),
      losses: Number(String(losses)),
      handedAt: handedAt!.length > 0 ? Number(String(handedAt)) : null,
      takeovers: joinTakeovers(stored?.tail?.takeovers ?? [], readTakeovers(String(takeovers))),
    };
  } catch (error) {
    return { epoch: Number(String(epoch)), unreadable: String(error) };
  }
}
