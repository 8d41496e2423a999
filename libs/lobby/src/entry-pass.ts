import { HoldfastError, type UserId } from '#libs/protocol';
import { isMember, type RoomRecord } from '#libs/room-store';
import { isPassword } from './room-password.js';

/**
 * The right of a person to enter a room. `isInvited`: the person has given the room's invite code. `password`: the stored form of the
 * password that the person knows. Each new password of the room has another stored form, so an old password is not valid any more. Null:
 * the person knows no password. `any`: the person needs no password, because the server puts the person into the room.
 */
export interface EntryPass {
  readonly isInvited: boolean;
  readonly password: string | null;
}

/** A person who has given neither an invite code nor a password. */
export const NO_PASS: EntryPass = { isInvited: false, password: null };
/** A person whom the server puts into the room, such as a player of a match. */
export const SERVER_PASS: EntryPass = { isInvited: true, password: 'any' };

/**
 * The invite code and the password that a player gives to enter a room. `code`: an invite code in the form that `readInviteCode` returns.
 */
export interface Shown {
  readonly code?: string;
  readonly password?: string;
}

/**
 * Checks the invite code and the password that a player gives to enter a room. A member needs neither the code nor the password.
 *
 * @param shown `server`: the server itself lets the player in
 * @throws `invite-unknown` when the room has another code, `wrong-password`
 */
export async function entryPassOf(record: RoomRecord, user: UserId, shown: Shown | 'server'): Promise<EntryPass> {
  if (shown === 'server' || isMember(record, user)) return SERVER_PASS;
  const { code, password } = shown;
  const { doc } = record;
  if (code !== undefined && doc.code !== code) throw new HoldfastError('invite-unknown');
  if (!doc.password || password === undefined) return { ...NO_PASS, isInvited: code !== undefined };
  if (!(await isPassword(password, doc.password))) throw new HoldfastError('wrong-password');
  return { isInvited: code !== undefined, password: doc.password };
}

/**
 * Refuses a person who may not join. A member may always return.
 *
 * @throws `banned`, `room-locked`, `invite-needed`, `password-needed`
 */
export function refuseUninvited(record: RoomRecord, user: UserId, { isInvited, password }: EntryPass): void {
  const { doc } = record;
  if (isMember(record, user)) return;
  refuseBanned(record, user);
  if (doc.locked && password !== 'any') throw new HoldfastError('room-locked');
  if (doc.inviteOnly && !isInvited) throw new HoldfastError('invite-needed');
  refuseWithoutPassword(record, password);
}

/**
 * Refuses a person who may not watch.
 *
 * @throws `banned`, `no-spectators`, `password-needed`
 */
export function refuseSpectator(record: RoomRecord, user: UserId, { isInvited, password }: EntryPass): void {
  const { watch = 'anyone' } = record.doc;
  refuseBanned(record, user);
  if (watch === 'nobody' || (watch === 'members' && !isInvited && !isMember(record, user))) throw new HoldfastError('no-spectators');
  if (!isMember(record, user)) refuseWithoutPassword(record, password);
}

/**
 * Returns the refusal for a room without a record: `invite-unknown` if the player gave an invite code, else `room-unknown`. The room of an
 * invite code is possibly closed.
 */
export function unknownRoom(shown: Shown | 'server'): HoldfastError {
  return new HoldfastError(shown !== 'server' && shown.code !== undefined ? 'invite-unknown' : 'room-unknown');
}

function refuseBanned({ doc }: RoomRecord, user: UserId): void {
  if (doc.banned?.some((banned) => banned.user === user)) throw new HoldfastError('banned');
}

function refuseWithoutPassword({ doc }: RoomRecord, password: string | null): void {
  if (doc.password && password !== 'any' && password !== doc.password) throw new HoldfastError('password-needed');
}
