import {
  type Claims,
  HoldfastError,
  isBefore,
  type RequestOrder,
  type RoomOptions,
  type TeamRules,
  type UserId,
  type WatchPolicy,
} from '#libs/protocol';
import { type DocMember, isReady, type RoomDoc, type RoomRecord } from '#libs/room-store';
import { type EntryPass, NO_PASS, refuseUninvited } from './entry-pass.js';
import { START_AWAY_MS } from './lobby.options.js';
import { inSmallestTeam } from './smallest-team.js';

/*
 * All rules in this file are pure: they compute the next document of a room from its record, or throw a refusal. The caller writes the
 * document by compare-and-set, and applies the rule again when another write came first.
 */

/** The properties that a player requests for a new room. */
export interface NewRoom {
  readonly name?: string;
  readonly seats: { readonly min: number; readonly max: number };
  /** The requested number of seats. Default: the maximum of the game. */
  readonly wanted?: number;
  readonly private?: boolean;
  /** Defaults: `anyone` for `watch`, and false for `inviteOnly`, `locked` and `spectatorChat`. */
  readonly inviteOnly?: boolean;
  readonly locked?: boolean;
  readonly watch?: WatchPolicy;
  readonly spectatorChat?: boolean;
  readonly watchDelayMs?: number;
  readonly teams?: TeamRules;
  /** The reserved invite code. */
  readonly code?: string;
  /** The password of the room, in its stored form. */
  readonly password?: string;
  /** This field and the three fields below it are copied to the `RoomDoc`, whose comments describe them. */
  readonly region?: string;
  readonly build?: string;
  readonly near?: string;
  readonly options?: RoomOptions;
}

/**
 * A member who is away. `awaySince` only identifies the period in which the member is away. It cannot measure the length of this period,
 * because an operator can set the clock of Redis.
 */
export interface Absentee {
  readonly user: UserId;
  readonly awaySince: number;
}

export interface Person {
  readonly user: UserId;
  readonly name: string;
  readonly claims?: Claims;
  /** False: the user has no connection yet. Undefined: the user has a connection. */
  readonly here?: boolean;
}

/** @throws `bad-data` for a number of seats that the game or the teams do not allow */
export function newRoom(host: Person, wish: NewRoom, now: number): RoomDoc {
  const { name, seats, wanted, private: isPrivate = false, inviteOnly, locked, watch, spectatorChat, watchDelayMs, teams, ...rest } = wish;
  if (wanted !== undefined && (wanted < seats.min || wanted > seats.max)) {
    throw new HoldfastError('bad-data', `This game is for ${seats.min} to ${seats.max} players.`);
  }
  const places = teams ? teams.count * teams.size : seats.max;
  if ((wanted ?? seats.min) > places)
    throw new HoldfastError('bad-data', `teams: ${teams!.count} teams of ${teams!.size} are too few for ${wanted ?? seats.min} players`);
  const doc: RoomDoc = {
    name: name?.trim() || `${host.name}'s room`,
    host: host.user,
    seats: wanted ?? Math.min(seats.max, places),
    seatsMin: seats.min,
    private: isPrivate,
    members: [],
    players: [],
    createdAt: now,
    ...rest,
    ...(inviteOnly && { inviteOnly }),
    ...(locked && { locked }),
    ...(watch && watch !== 'anyone' && { watch }),
    ...(spectatorChat && { spectatorChat }),
    ...(watchDelayMs && { watchDelayMs }),
    ...(teams && { teams }),
  };
  return { ...doc, members: [inSmallestTeam(doc, memberOf(host))] };
}

/** The conditions under which players join a running game. */
export interface JoinTerms {
  /** Time for which the game keeps the seat of a player who is away, in ms. */
  readonly seatGraceMs: number;
}

/**
 * Returns the document with this user as a member. `terms`: the conditions under which players join a running game. Null: the game is not
 * joinable. `now`: the time of Redis, in ms since 1970. `pass`: the right of the user to enter the room.
 */
export function join(record: RoomRecord, person: Person, terms: JoinTerms | null = null, now = 0, pass: EntryPass = NO_PASS): RoomDoc {
  const { doc } = record;
  const known = doc.members.find(({ user }) => user === person.user);
  if (known) return withClaims(known.here ? doc : cameBack(record, person.user), person);
  refuseUninvited(record, person.user, pass);
  if (record.status === 'playing' && terms) return joinRunning(record, person, terms, now);
  if (record.status !== 'waiting') throw new HoldfastError('room-playing');
  if (doc.members.length >= doc.seats) throw new HoldfastError('room-full');
  return withNewMember(doc, person);
}

/**
 * Gives a seat of the running game to a new member. Chooses the former seat of the user, else the first seat whose player has left, else a
 * new seat after the last seat. In a full room, chooses the seat of the player who has been away the longest, if the grace of this player
 * is over.
 */
function joinRunning(record: RoomRecord, person: Person, { seatGraceMs }: JoinTerms, now: number): RoomDoc {
  if (record.isLocked) throw new HoldfastError('room-locked');
  const { doc } = record;
  const { players } = doc;
  const own = players.indexOf(person.user);
  const here = new Set(doc.members.map(({ user }) => user));
  const seat = own === -1 ? players.findIndex((player) => !here.has(player)) : own;
  if (seat !== -1) return seated(doc, person, seat);
  if (players.length < doc.seats) return seated(doc, person, players.length);
  const [absent] = doc.members
    .filter(({ here, awaySince }) => !here && awaySince !== undefined && now - awaySince > seatGraceMs)
    .sort((a, b) => a.awaySince! - b.awaySince!);
  if (!absent) throw new HoldfastError('room-full');
  const rest = leave(record, absent.user) ?? { ...doc, members: [] };
  return seated(rest, person, players.indexOf(absent.user));
}

function seated(doc: RoomDoc, person: Person, seat: number): RoomDoc {
  const { members, ...rest } = withNewMember(doc, person);
  const players = [...doc.players];
  players[seat] = person.user;
  // The last member may have left during the game. The room then has no host, so the new member becomes the host.
  const host = members.some(({ user }) => user === doc.host) ? doc.host : person.user;
  return { ...rest, members, players, host };
}

/**
 * Returns the document without the member. Null: no member is left. When the host leaves, the next member who is present becomes the host.
 */
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

/**
 * Marks a member as connected (`here`). `order`: the request order of the report. A report that is older than the last report changes
 * nothing.
 */
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
    // Stores the request order of the report, so that a late older report has no effect.
    return order && isOlder(member.word ?? NEVER, order) ? { ...member, word: order } : member;
  });
}

/**
 * Returns the members of a waiting room who are away. During a game, returns an empty list, because the game server of the room removes
 * them.
 */
export function absentees({ doc, status }: RoomRecord): readonly Absentee[] {
  if (status !== 'waiting') return [];
  return doc.members.flatMap(({ user, here, awaySince }) => (here || awaySince === undefined ? [] : { user, awaySince }));
}

/** The data that the check of a start needs. */
export interface StartRules {
  /** The time of Redis, in ms since 1970. */
  readonly now: number;
  /** True: all members who are present have agreed to the game (`rooms.rematch`), so the start needs no host. */
  readonly isAgreed?: boolean;
}

/**
 * Returns the members who play, in the order of their seats. A member who has been away for `START_AWAY_MS` and is not ready does not play
 * and leaves the room. Otherwise this member would block the other members. A member who became ready and then lost the connection plays.
 *
 * @throws `not-in-room`, `room-playing`, `not-owner`, `too-few-players`, `not-ready`
 */
export function checkStart(record: RoomRecord, user: UserId, { now, isAgreed = false }: StartRules = { now: 0 }): readonly DocMember[] {
  const { doc } = record;
  if (!doc.members.some((member) => member.user === user)) throw new HoldfastError('not-in-room');
  if (record.status !== 'waiting') throw new HoldfastError('room-playing');
  if (!isAgreed && doc.host !== user) throw new HoldfastError('not-owner');
  // The host need not be ready, because the host starts the game.
  const isWilling = (member: DocMember): boolean => isReady(record, member) || (!isAgreed && member.user === user);
  const players = doc.members.filter((member) => isWilling(member) || !isAwayFor(member, START_AWAY_MS, now));
  if (players.length < doc.seatsMin) throw new HoldfastError('too-few-players');
  const unready = players.filter((member) => !isWilling(member));
  if (unready.length > 0) throw new HoldfastError('not-ready', `Not ready: ${unready.map(({ name }) => name).join(', ')}.`);
  return players;
}

/**
 * Returns whether a member has been away for at least `ms`. `now`: the time of Redis, in ms since 1970. If an operator has set this clock
 * back, the absence seems shorter.
 */
export function isAwayFor({ here, awaySince }: DocMember, ms: number, now: number): boolean {
  return !here && awaySince !== undefined && now - awaySince >= ms;
}

const NEVER: RequestOrder = { turn: 0, number: 0 };

function isOlder(order: RequestOrder | undefined, than: RequestOrder | undefined): boolean {
  return order !== undefined && than !== undefined && isBefore(order, than);
}

function memberOf({ user, name, claims, here = true }: Person): DocMember {
  return { user, name, ...(claims && { claims }), readyRound: null, here };
}

/** Returns the document with the claims of the member's current login. */
export function withClaims(doc: RoomDoc, { user, claims }: Pick<Person, 'user' | 'claims'>): RoomDoc {
  return withMember(doc, user, (member) => {
    const { claims: before, ...rest } = member;
    return JSON.stringify(before) === JSON.stringify(claims) ? member : { ...rest, ...(claims && { claims }) };
  });
}

/** Adds a member at the end of the list, in the smallest team. */
export function withNewMember(doc: RoomDoc, person: Person): RoomDoc {
  const members = [...doc.members, inSmallestTeam(doc, memberOf(person))];
  const { kicked, ...rest } = doc;
  const others = kicked?.filter((user) => user !== person.user);
  return { ...rest, members, ...(others?.length && { kicked: others }) };
}

function withMember(doc: RoomDoc, user: UserId, change: (member: DocMember) => DocMember): RoomDoc {
  if (!doc.members.some((member) => member.user === user)) throw new HoldfastError('not-in-room');
  const members = doc.members.map((member) => (member.user === user ? change(member) : member));
  return members.every((member, index) => member === doc.members[index]) ? doc : { ...doc, members };
}
