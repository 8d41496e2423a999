import type {
  Claims,
  GameResult,
  RequestOrder,
  RoomId,
  RoomMetadata,
  RoomOptions,
  RoomStatus,
  ServerId,
  TeamRules,
  UserId,
  WatchPolicy,
} from '#libs/protocol';
import { decodeRoomDoc } from './room-doc-codec.js';

export interface DocMember {
  readonly user: UserId;
  readonly name: string;
  /** The member's claims, from the last login that a lobby knows. Players do not see them. Absent: the login had no claims. */
  readonly claims?: Claims;
  /**
   * The round for which this member is ready. The member is ready when this round equals the room's `round`, so nobody is ready after a
   * game.
   */
  readonly readyRound: number | null;
  readonly here: boolean;
  /** The store time at which the member became away, in ms since 1970. Absent while `here`. */
  readonly awaySince?: number;
  /**
   * The request order of the last message that set `here`. A message with an earlier order is ignored. Absent: no message has set `here`.
   */
  readonly word?: RequestOrder;
  /** The team of the member, counted from 0. Absent: the room has no teams. */
  readonly team?: number;
}

/** A user who may not join or watch a room. `name`: the name at the time of the ban; absent when it was not known. */
export interface BannedUser {
  readonly user: UserId;
  readonly name?: string;
}

/** The lobby's part of a room. It changes only by compare-and-set on the revision. */
export interface RoomDoc {
  readonly name: string;
  readonly host: UserId;
  readonly seats: number;
  readonly seatsMin: number;
  readonly private: boolean;
  readonly members: readonly DocMember[];
  /**
   * The users who play the current game, by seat. A player who leaves the room is listed until the game ends or another player takes the
   * seat.
   */
  readonly players: readonly UserId[];
  readonly createdAt: number;
  /** The reason why the last start of a game failed. The next start removes this field. Absent: the last start has not failed. */
  readonly startFailure?: { readonly code: string; readonly message: string };
  /** The options with which the games of this room begin. The game defines them. */
  readonly options?: RoomOptions;
  /** The region in which the game must run. Absent: the game may run in every region. */
  readonly region?: string;
  /** The build on which the game must run. Absent: any build except canaries. */
  readonly build?: string;
  /** The region that placement prefers when `region` is absent. */
  readonly near?: string;
  /** The invite code, in the form of `newInviteCode`. `InviteCodes` finds the room by it. Absent: the room has none. */
  readonly code?: string;
  readonly inviteOnly?: true;
  /** The hash of the password, in the form of `hashPassword`. Absent: the room needs no password. The hash never leaves the servers. */
  readonly password?: string;
  /** True: the host has locked the room. */
  readonly locked?: true;
  /** The players who may watch. Absent: anyone. */
  readonly watch?: WatchPolicy;
  /** Time by which spectators see the game later than its players, in ms. Absent: no delay. */
  readonly watchDelayMs?: number;
  /** True: spectators receive the chat of the room, and may write to it. */
  readonly spectatorChat?: boolean;
  /** The teams of the room. Each member then has a `team`. Absent: the room has no teams. */
  readonly teams?: TeamRules;
  /**
   * The parties of the match that made this room, each as the list of its members. With this list, the members of a party can search
   * together again. Absent: the room was not made by a match.
   */
  readonly parties?: readonly (readonly UserId[])[];
  /** The mode of the match, which also applies to the next games of the room. Absent: the room was made without a mode. */
  readonly mode?: string;
  /** Present: matchmaking fills the free seats of this room while its game runs. `mode`: only players of this mode get a seat. */
  readonly backfill?: { readonly mode?: string };
  /** Minimum number of seats with which a game of this room begins. Bots take the seats of missing players. Absent: no bots. */
  readonly filledTo?: number;
  /** The users who may not join or watch. Absent: nobody is banned. */
  readonly banned?: readonly BannedUser[];
  /** The users whom the host removed last, so that their gateways can notify them. A user who has joined again is not listed. */
  readonly kicked?: readonly UserId[];
}

export interface RoomOwnership {
  readonly server: ServerId;
  readonly incarnation: number;
}

/** The whole record of a room, read in one step. */
export interface RoomRecord {
  readonly id: RoomId;
  readonly game: string;
  /**
   * The game version of the stored state. Only a server with this version, or with a schema upgrade from it, can adopt the room. Null: not
   * known.
   */
  readonly gameVersion: number | null;
  readonly doc: RoomDoc;
  readonly rev: number;
  readonly status: RoomStatus;
  /** The later of two store times, in ms since 1970: the last write by a lobby, and the last change of the status. */
  readonly since: number;
  /** The number of games that have ended in this room. */
  readonly round: number;
  /** The id of the current or last start of a game, which identifies one placement of the room. */
  readonly start: string | null;
  readonly owner: RoomOwnership | null;
  /** The fencing token of the current or last owner. 0: the room has had no owner. */
  readonly epoch: number;
  readonly version: number;
  readonly durability: string;
  readonly result: GameResult | null;
  /** True when a watchdog reported a setup in this room that took too long, and this setup has not finished since. */
  readonly hasFailedSetup: boolean;
  /** True when the running game takes no more players. Absent: the game is not locked. */
  readonly isLocked?: true;
  /** The metadata of the game that runs. Absent: the game has set none. */
  readonly metadata?: RoomMetadata;
}

/** The fields that show whether a record has changed or must be repaired. */
export type RoomDigest = Pick<RoomRecord, 'id' | 'game' | 'rev' | 'status' | 'owner' | 'epoch' | 'round'> & {
  /** True: the room is private. Null: an older version of Holdfast wrote the record without this field, so the document must be read. */
  readonly private: boolean | null;
};

/**
 * Parses the hash of a room. Null: the hash is not a room, or cannot be read. Does not throw, because one unreadable room would fail a
 * whole batch of reads.
 */
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
    game: hash.game ?? '',
    gameVersion: hash.gameVersion ? Number(hash.gameVersion) : null,
    doc: decodeRoomDoc(hash.doc ?? ''),
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
    // The lock contains the id of the start of its game. A lock of an earlier game is ignored.
    ...(hash.locked && hash.locked === hash.start && { isLocked: true as const }),
    ...metadataOf(hash),
  };
}

/** Parses the field `metadata`: `<start> <JSON>`. `start` identifies the game, so the metadata of an earlier game is ignored. */
export function metadataOf({ metadata, start }: { readonly metadata?: string | null; readonly start?: string | null }): {
  readonly metadata?: RoomMetadata;
} {
  if (!metadata || !start || !metadata.startsWith(`${start} `)) return {};
  return { metadata: JSON.parse(metadata.slice(start.length + 1)) as RoomMetadata };
}

export function ownerOf(server: string | null | undefined, incarnation: string | null | undefined): RoomOwnership | null {
  return server ? { server: server as ServerId, incarnation: Number(incarnation) } : null;
}
