import type { Asked, GameResult, RoomId, RoomStatus, ServerId, UserId } from '#libs/protocol';

export interface DocMember {
  readonly user: UserId;
  readonly name: string;
  /** The round for which this member is ready: ready means `readyRound === round`, so the end of a game unreadies all. */
  readonly readyRound: number | null;
  readonly here: boolean;
  /** When the connection was missed first, in ms since 1970 by Redis' clock; while `here` absent. */
  readonly awaySince?: number;
  /** The last word by which `here` changed, or might have: an older one comes too late. Absent: none has come. */
  readonly word?: Asked;
}

/** The lobby's part of a room; changed only by compare-and-set. */
export interface RoomDoc {
  readonly name: string;
  readonly owner: UserId;
  readonly seats: number;
  readonly seatsMin: number;
  readonly private: boolean;
  readonly members: readonly DocMember[];
  /** Who plays the game that runs, by seat; members may leave meanwhile. */
  readonly players: readonly UserId[];
  readonly createdAt: number;
  /** Where its game is to run: only in this region, only on this build; first in that one. */
  readonly region?: string;
  readonly build?: string;
  readonly near?: string;
}

export interface RoomOwnership {
  readonly server: ServerId;
  readonly incarnation: number;
}

/** A room's record, whole, as it was at one moment. */
export interface RoomRecord {
  readonly id: RoomId;
  readonly game: string;
  /** Of the state that is stored: who takes the room must have it, or know the way from it. Null: not known. */
  readonly gameVersion: number | null;
  readonly doc: RoomDoc;
  readonly rev: number;
  readonly status: RoomStatus;
  /** When the lobby last touched it or its status changed, in ms since 1970 by Redis' clock. */
  readonly since: number;
  /** How many games were played to their end in this room. */
  readonly round: number;
  /** The id of the start under way or done; names one placement. */
  readonly start: string | null;
  readonly owner: RoomOwnership | null;
  /** 0 before the first owner. */
  readonly epoch: number;
  readonly version: number;
  readonly durability: string;
  readonly result: GameResult | null;
  /** The set-up of a game in this room was reported by a watchdog and did not come to its end since. */
  readonly hasFailedSetup: boolean;
}

export type RoomGlance = Pick<RoomRecord, 'id' | 'game' | 'rev' | 'status' | 'owner' | 'epoch' | 'round'> & {
  /** Null: the record was written by a version that did not say so; its document does. */
  readonly private: boolean | null;
};

/** Null where the hash is no room (any more), or one that cannot be read: it must not keep others of a batch from being read. */
export function readRecord(id: RoomId, hash: Readonly<Record<string, string>>): RoomRecord | null {
  if (!hash.rev || !hash.doc) return null;
  try {
    return recordOf(id, hash);
  } catch {
    return null;
  }
}

function recordOf(id: RoomId, hash: Readonly<Record<string, string>>): RoomRecord {
  return {
    id,
    game: hash.game,
    gameVersion: hash.gameVersion ? Number(hash.gameVersion) : null,
    doc: JSON.parse(hash.doc) as RoomDoc,
    rev: Number(hash.rev),
    status: hash.status as RoomStatus,
    since: Number(hash.since ?? 0),
    round: Number(hash.round ?? 0),
    start: hash.start || null,
    owner: ownerOf(hash.owner, hash.incarnation),
    epoch: Number(hash.epoch ?? 0),
    version: Number(hash.version ?? 0),
    durability: hash.durability ?? 'every-change',
    result: hash.result ? (JSON.parse(hash.result) as GameResult) : null,
    hasFailedSetup: hash.suspect?.startsWith('start ') === true,
  };
}

export function ownerOf(server: string | null | undefined, incarnation: string | null | undefined): RoomOwnership | null {
  return server ? { server: server as ServerId, incarnation: Number(incarnation) } : null;
}
