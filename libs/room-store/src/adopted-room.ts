import type { PackedChanges } from './change-codec.js';
import { unpackChanges } from './change-codec.js';
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
  /** How long nobody owned it before `downtimeMs`, in ms: an owner in between died before it said so. */
  readonly pausedMs: number;
  /** Null when nothing was stored (durability `none`). */
  readonly checkpoint: Checkpoint | null;
  /** What the log holds. */
  readonly log: PackedChanges;
  readonly doc: RoomDoc;
  /** The record's revision after the adoption. */
  readonly rev: number;
  /** The last input that cost the room an owner: it must not run again. Null: none did. */
  readonly poison: SuspectInput | null;
  /** How many owners inputs of this room cost. */
  readonly losses: number;
  /** The room's time now, in ms since 1970, where it was handed to this owner by plan; null: it was not. */
  readonly handedAt: number | null;
  /** The takeovers of this game, this one among them unless it was handed over by plan; both numbers rise from one to the next. */
  readonly takeovers: readonly Takeover[];
}

/** The room was taken, in this epoch, but what is stored of it cannot be read. */
export interface UnreadableRoom {
  readonly epoch: number;
  /** Why, for a log line. */
  readonly unreadable: string;
}

/** The record was not as expected; this is what it holds now. */
export interface NotAdopted {
  readonly owner: RoomOwnership | null;
  readonly epoch: number;
  readonly status: string;
}

/** Reads what `adopt.lua` answers after an adoption. */
export function readAdoption(answer: readonly Buffer[]): AdoptedRoom | UnreadableRoom {
  const [epoch, version, batch, checkpoint, log, doc, round, start, pausedMs, poison, losses, handedAt, takeovers, rev] = answer;
  try {
    const stored = checkpoint.length > 0 ? unpackCheckpoint(checkpoint) : null;
    return {
      epoch: Number(String(epoch)),
      version: Number(String(version)),
      batch: String(batch),
      round: Number(String(round)),
      start: String(start),
      pausedMs: Number(String(pausedMs)),
      checkpoint: stored,
      log: unpackChanges(log),
      doc: decodeRoomDoc(String(doc)),
      rev: Number(String(rev)),
      poison: readSuspect(String(poison)),
      losses: Number(String(losses)),
      handedAt: handedAt.length > 0 ? Number(String(handedAt)) : null,
      takeovers: joinTakeovers(stored?.tail?.takeovers ?? [], readTakeovers(String(takeovers))),
    };
  } catch (error) {
    return { epoch: Number(String(epoch)), unreadable: String(error) };
  }
}
