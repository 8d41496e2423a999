import type { GameResult, LeftReason, RoomStatus, ServerId } from '#libs/protocol';
import { decodeRoomDoc } from './room-doc-codec.js';
import { ownerOf, type RoomRecord } from './room-record.js';

/** The content of a message that a script publishes with each write of a room's record. */
export type RoomNews =
  /** The record after the write. */
  | { readonly kind: 'record'; readonly record: RoomRecord }
  | { readonly kind: 'closed'; readonly reason: LeftReason }
  /** The receiver must read the record, because this message lacks a part of the changes, or the previous message is missing. */
  | { readonly kind: 'unknown' };

const UNKNOWN: RoomNews = { kind: 'unknown' };

/**
 * Applies a message to `known`, the record before the message. Without a known record (null), only `closed` can be read. A message of an
 * unknown kind gives `unknown`.
 */
export function readNews(known: RoomRecord | null, message: string): RoomNews {
  const [what, rest] = cut(message);
  if (what === 'closed') return { kind: 'closed', reason: rest as LeftReason };
  const change = CHANGES[what];
  if (!change || !known) return UNKNOWN;
  const [rev, words] = cut(rest);
  // The message has only the changed fields, so the receiver needs the record of the previous revision.
  if (known.rev !== Number(rev) - 1) return UNKNOWN;
  try {
    return { kind: 'record', record: { ...known, rev: Number(rev), ...change(words, known) } };
  } catch {
    // The message was not written by Holdfast.
    return UNKNOWN;
  }
}

/** The parsers of the text after the revision, by the first word of the message. */
const CHANGES: Readonly<Record<string, ((words: string, known: RoomRecord) => Partial<RoomRecord>) | undefined>> = {
  /** `since status start doc`: a lobby changed its part of the record. */
  saved(words) {
    const [since, afterSince] = cut(words);
    const [status, afterStatus] = cut(afterSince);
    const [start, doc] = cut(afterStatus);
    return { since: Number(since), status: status as RoomStatus, start: optional(start), doc: decodeRoomDoc(doc) };
  },
  /** `epoch incarnation server durability gameVersion`: a game begins. */
  opened(words) {
    const [epoch, incarnation, server, durability, gameVersion] = words.split(' ');
    const version = optional(gameVersion!);
    return {
      status: 'playing',
      epoch: Number(epoch),
      owner: ownerOf(server, incarnation),
      version: 0,
      durability,
      gameVersion: version === null ? null : Number(version),
      result: null,
    };
  },
  /** `epoch incarnation server`: another server adopted the room. */
  adopted(words) {
    const [epoch, incarnation, server] = words.split(' ');
    return { epoch: Number(epoch), owner: { server: server as ServerId, incarnation: Number(incarnation) } };
  },
  /** `since result`: the game is over. */
  finished(words, { round }) {
    const [since, result] = cut(words);
    return {
      status: 'waiting',
      since: Number(since),
      result: JSON.parse(result) as GameResult,
      owner: null,
      start: null,
      round: round + 1,
    };
  },
};

const optional = (word: string): string | null => (word === '-' ? null : word);

/** Splits the first word from the rest. */
function cut(words: string): readonly [string, string] {
  const space = words.indexOf(' ');
  return space === -1 ? [words, ''] : [words.slice(0, space), words.slice(space + 1)];
}
