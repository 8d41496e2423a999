import type { GameResult, RoomStatus, ServerId } from '#libs/protocol';
import { decodeRoomDoc } from './room-doc-codec.js';
import { ownerOf, type RoomRecord } from './room-record.js';

/** What is published with each write of a room's record, understood; pure. The messages are written in `scripts/*.lua`. */
export type RoomNews =
  /** The record as it is now: all that is new stood in the message. */
  | { readonly kind: 'record'; readonly record: RoomRecord }
  | { readonly kind: 'closed'; readonly reason: string }
  /** It says less than has changed, or a message before it is missing: the record is to be read. */
  | { readonly kind: 'unknown' };

const UNKNOWN: RoomNews = { kind: 'unknown' };

/** `known`: the record as far as it is; null: not at all. A message of a newer version of Holdfast is one that says too little. */
export function readNews(known: RoomRecord | null, message: string): RoomNews {
  const [what, rest] = cut(message);
  if (what === 'closed') return { kind: 'closed', reason: rest };
  const change = CHANGES[what];
  if (!change || !known) return UNKNOWN;
  const [rev, words] = cut(rest);
  // Only who knows the revision before it can tell what it has become.
  if (known.rev !== Number(rev) - 1) return UNKNOWN;
  try {
    return { kind: 'record', record: { ...known, rev: Number(rev), ...change(words, known) } };
  } catch {
    // A foreign program's message.
    return UNKNOWN;
  }
}

/** By the message's first word, what it says after the revision. */
const CHANGES: Readonly<Record<string, ((words: string, known: RoomRecord) => Partial<RoomRecord>) | undefined>> = {
  /** `since status start doc`: the lobby's part. */
  saved(words) {
    const [since, afterSince] = cut(words);
    const [status, afterStatus] = cut(afterSince);
    const [start, doc] = cut(afterStatus);
    return { since: Number(since), status: status as RoomStatus, start: optional(start), doc: decodeRoomDoc(doc) };
  },
  /** `epoch incarnation server durability gameVersion`: a game begins. */
  opened(words) {
    const [epoch, incarnation, server, durability, gameVersion] = words.split(' ');
    const version = optional(gameVersion);
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
  /** `epoch incarnation server`: another takes the game on. */
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

/** The first word, and the rest as it is. */
function cut(words: string): readonly [string, string] {
  const space = words.indexOf(' ');
  return space === -1 ? [words, ''] : [words.slice(0, space), words.slice(space + 1)];
}
