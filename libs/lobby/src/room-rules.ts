import { HoldfastError, isBefore, type RequestOrder, type RoomOptions, type UserId } from '#libs/protocol';
import { type DocMember, isReady, type RoomDoc, type RoomRecord } from '#libs/room-store';

/*
 * All rules in this file are pure: they compute the next document of a room from its record, or throw a refusal. The caller writes the
 * document by compare-and-set, and applies the rule again when another write came first.
 */

/** The properties that a player requests for a new room. */
export interface NewRoom {
  readonly name?: string;
  readonly seats: { readonly min: number; readonly max: number };
  /** The requested number of seats. Absent: the maximum of the game. */
  readonly wanted?: number;
  readonly private?: boolean;
  /** This field and the three below are copied to the `RoomDoc`, which describes them. */
  readonly region?: string;
  readonly build?: string;
  readonly near?: string;
  readonly options?: RoomOptions;
}

/** A member who is away. `awaySince` identifies the absence; it is no measure of its length, because the clock of Redis may be set. */
export interface Absentee {
  readonly user: UserId;
  readonly awaySince: number;
}

export interface Person {
  readonly user: UserId;
  readonly name: string;
}

export function newRoom(host: Person, { name, seats, wanted, private: isPrivate = false, ...place }: NewRoom, now: number): RoomDoc {
  if (wanted !== undefined && (wanted < seats.min || wanted > seats.max)) {
    throw new HoldfastError('bad-data', `This game is for ${seats.min} to ${seats.max} players.`);
  }
  return {
    name: name?.trim() || `${host.name}'s room`,
    host: host.user,
    seats: wanted ?? seats.max,
    seatsMin: seats.min,
    private: isPrivate,
    members: [memberOf(host)],
    players: [],
    createdAt: now,
    ...place,
  };
}

export function join(record: RoomRecord, person: Person): RoomDoc {
  const { doc } = record;
  const known = doc.members.find(({ user }) => user === person.user);
  if (known) return known.here ? doc : cameBack(record, person.user);
  if (record.status !== 'waiting') throw new HoldfastError('room-playing');
  if (doc.members.length >= doc.seats) throw new HoldfastError('room-full');
  return { ...doc, members: [...doc.members, memberOf(person)] };
}

/** Returns the document without the member. Null: no member is left. When the host leaves, the next member who is here becomes the host. */
export function leave({ doc }: RoomRecord, user: UserId): RoomDoc | null {
  const members = doc.members.filter((member) => member.user !== user);
  if (members.length === doc.members.length) throw new HoldfastError('not-in-room');
  if (members.length === 0) return null;
  const host = doc.host === user ? (members.find(({ here }) => here) ?? members[0]!).user : doc.host;
  return { ...doc, members, host };
}

export function setReady(record: RoomRecord, user: UserId, ready: boolean): RoomDoc {
  if (record.status !== 'waiting') throw new HoldfastError('room-playing');
  return withMember(record.doc, user, (member) => ({ ...member, readyRound: ready ? record.round : null }));
}

/** Marks a member as here. `order`: the order of the report. A report that is older than the last one changes nothing. */
export function cameBack({ doc }: RoomRecord, user: UserId, order?: RequestOrder): RoomDoc {
  return withMember(doc, user, (member) => {
    const { awaySince, ...rest } = member;
    const isSo = member.here && awaySince === undefined;
    return isSo || isOlder(order, member.word) ? member : { ...rest, here: true, ...(order && { word: order }) };
  });
}

/** Marks a member as away. A repeated report does not extend the time for which the seat is kept. */
export function wentAway({ doc }: RoomRecord, user: UserId, now: number, order?: RequestOrder): RoomDoc {
  return withMember(doc, user, (member) => {
    if (isOlder(order, member.word)) return member;
    if (member.here) return { ...member, here: false, awaySince: now, ...(order && { word: order }) };
    // Stores the order of the report, so that an older report that comes late has no effect.
    return order && isOlder(member.word ?? NEVER, order) ? { ...member, word: order } : member;
  });
}

/** Returns the members who are away. Empty during a game, because the room's owner decides about them then. */
export function absentees({ doc, status }: RoomRecord): readonly Absentee[] {
  if (status !== 'waiting') return [];
  return doc.members.flatMap(({ user, here, awaySince }) => (here || awaySince === undefined ? [] : { user, awaySince }));
}

/** Returns the players in the order of their seats. Throws a refusal when the game cannot start. */
export function checkStart(record: RoomRecord, user: UserId): readonly DocMember[] {
  const { doc } = record;
  if (!doc.members.some((member) => member.user === user)) throw new HoldfastError('not-in-room');
  if (record.status !== 'waiting') throw new HoldfastError('room-playing');
  if (doc.host !== user) throw new HoldfastError('not-owner');
  if (doc.members.length < doc.seatsMin) throw new HoldfastError('too-few-players');
  // The host who starts the game is ready.
  const unready = doc.members.filter((member) => member.user !== user && !isReady(record, member));
  if (unready.length > 0) throw new HoldfastError('not-ready', `Not ready: ${unready.map(({ name }) => name).join(', ')}.`);
  return doc.members;
}

const NEVER: RequestOrder = { turn: 0, number: 0 };

function isOlder(order: RequestOrder | undefined, than: RequestOrder | undefined): boolean {
  return order !== undefined && than !== undefined && isBefore(order, than);
}

function memberOf({ user, name }: Person): DocMember {
  return { user, name, readyRound: null, here: true };
}

function withMember(doc: RoomDoc, user: UserId, change: (member: DocMember) => DocMember): RoomDoc {
  if (!doc.members.some((member) => member.user === user)) throw new HoldfastError('not-in-room');
  const members = doc.members.map((member) => (member.user === user ? change(member) : member));
  return members.every((member, index) => member === doc.members[index]) ? doc : { ...doc, members };
}
