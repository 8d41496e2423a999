import { BANNED_MAX, HoldfastError, type RoomOptions, type UserId, type WatchPolicy } from '#libs/protocol';
import { isMember, type RoomDoc, type RoomRecord } from '#libs/room-store';
import { HOST_GRACE_MS, KICKED_MAX } from './lobby.options.js';
import { isAwayFor, leave } from './room-rules.js';

/* Pure rules for the operations of the host. They compute the next document from a record, or throw a refusal. */

/** The changes of `rooms.update`, after the password was hashed and the invite code was reserved. An absent field does not change. */
export interface RoomUpdate {
  readonly name?: string;
  readonly private?: boolean;
  readonly inviteOnly?: boolean;
  readonly locked?: boolean;
  readonly watch?: WatchPolicy;
  readonly spectatorChat?: boolean;
  /** The password in its stored form. Null: removes the password. */
  readonly password?: string | null;
  readonly options?: RoomOptions;
  readonly watchDelayMs?: number;
  /** A reserved invite code, for a room that needs an invite code and has none. */
  readonly code?: string;
}

/**
 * Returns the document for a change by the host. If the host has been away for `HOST_GRACE_MS`, the next member who is present may make the
 * change and becomes the host. So a host who is away does not block the other members.
 *
 * @throws `not-in-room`, `not-owner`
 */
export function asHost(record: RoomRecord, user: UserId, now: number): RoomDoc {
  const { doc } = record;
  if (!isMember(record, user)) throw new HoldfastError('not-in-room');
  if (doc.host === user) return doc;
  if (!isHostGone(record, now) || successorOf(doc) !== user) throw new HoldfastError('not-owner');
  return { ...doc, host: user };
}

/** Returns the document with a new host when the host has been away for `HOST_GRACE_MS`. Otherwise returns the document unchanged. */
export function replaceGoneHost(record: RoomRecord, now: number): RoomDoc {
  const { doc } = record;
  const successor = isHostGone(record, now) ? successorOf(doc) : undefined;
  return successor === undefined ? doc : { ...doc, host: successor };
}

/** @throws `not-in-room`, `not-owner`, `not-a-member`, `member-away` */
export function handOver(record: RoomRecord, user: UserId, to: UserId, now: number): RoomDoc {
  const doc = asHost(record, user, now);
  const member = doc.members.find((one) => one.user === to);
  if (!member) throw new HoldfastError('not-a-member');
  if (!member.here) throw new HoldfastError('member-away');
  return doc.host === to ? doc : { ...doc, host: to };
}

/**
 * Removes a member, and with `ban` bans the user. A repeated call changes nothing.
 *
 * @throws `not-in-room`, `not-owner`, `not-a-member`, `bad-data` when the target is the host, or when the room has too many bans
 */
export function kick(record: RoomRecord, user: UserId, target: UserId, ban: boolean, now: number): RoomDoc {
  const host = asHost(record, user, now);
  if (target === user) throw new HoldfastError('bad-data', 'You cannot remove yourself; leave the room instead.');
  const member = host.members.find((one) => one.user === target);
  const { banned = [], kicked = [] } = host;
  const isDone = !member && (ban ? banned.some((one) => one.user === target) : kicked.includes(target));
  if (isDone) return host;
  if (!member && !ban) throw new HoldfastError('not-a-member');
  // The room is never empty after the removal, because the host stays.
  const doc = member ? (leave({ ...record, doc: host }, target) as RoomDoc) : host;
  const isBanned = banned.some((one) => one.user === target);
  if (ban && !isBanned && banned.length >= BANNED_MAX)
    throw new HoldfastError('bad-data', `At most ${BANNED_MAX} users can be banned from a room.`);
  return {
    ...doc,
    ...(ban && !isBanned && { banned: [...banned, { user: target, ...(member && { name: member.name }) }] }),
    ...(member && { kicked: [...kicked.filter((one) => one !== target), target].slice(-KICKED_MAX) }),
  };
}

/** @throws `not-in-room`, `not-owner` */
export function unban(record: RoomRecord, user: UserId, target: UserId, now: number): RoomDoc {
  const doc = asHost(record, user, now);
  const { banned, ...rest } = doc;
  if (!banned?.some((one) => one.user === target)) return doc;
  const others = banned.filter((one) => one.user !== target);
  return { ...rest, ...(others.length > 0 && { banned: others }) };
}

/** @throws `not-in-room`, `not-owner`, `room-playing` for a change that is possible only while the room waits */
export function update(record: RoomRecord, user: UserId, change: RoomUpdate, now: number): RoomDoc {
  const doc = asHost(record, user, now);
  const {
    name,
    private: isPrivate = doc.private,
    inviteOnly,
    locked,
    watch,
    spectatorChat,
    password,
    options,
    watchDelayMs,
    code,
  } = change;
  if ((options ?? watchDelayMs) !== undefined && record.status !== 'waiting') throw new HoldfastError('room-playing');
  // Makes all members not ready, because they had agreed to the old options.
  const members = options === undefined ? doc.members : doc.members.map((member) => ({ ...member, readyRound: null }));
  return withoutEmpty({
    ...doc,
    members,
    private: isPrivate,
    ...(name?.trim() && { name: name.trim() }),
    ...(inviteOnly !== undefined && { inviteOnly: inviteOnly || undefined }),
    ...(locked !== undefined && { locked: locked || undefined }),
    ...(watch !== undefined && { watch: watch === 'anyone' ? undefined : watch }),
    ...(spectatorChat !== undefined && { spectatorChat: spectatorChat || undefined }),
    ...(password !== undefined && { password: password ?? undefined }),
    ...(options !== undefined && { options }),
    ...(watchDelayMs !== undefined && { watchDelayMs: watchDelayMs || undefined }),
    ...(code !== undefined && !doc.code && { code }),
  });
}

/** Removes fields whose value is undefined, because a document contains only the fields that apply to its room. */
export function withoutEmpty(doc: { readonly [Key in keyof RoomDoc]: RoomDoc[Key] | undefined }): RoomDoc {
  return Object.fromEntries(Object.entries(doc).filter(([, value]) => value !== undefined)) as unknown as RoomDoc;
}

function isHostGone({ doc }: RoomRecord, now: number): boolean {
  const host = doc.members.find(({ user }) => user === doc.host);
  return !host || isAwayFor(host, HOST_GRACE_MS, now);
}

function successorOf(doc: RoomDoc): UserId | undefined {
  return doc.members.find(({ here, user }) => here && user !== doc.host)?.user;
}
