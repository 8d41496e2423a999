import type { RoomSummary, RoomView, UserId } from '#libs/protocol';
import type { DocMember, RoomRecord } from './room-record.js';

/** Returns the part of a record that members see. With `spectator`, returns the part that spectators see. */
export function viewOf(record: RoomRecord, viewer: 'member' | 'spectator' = 'member'): RoomView {
  const { doc } = record;
  return {
    id: record.id,
    game: record.game,
    name: doc.name,
    status: record.status,
    rev: record.rev,
    owner: doc.host,
    seats: doc.seats,
    members: doc.members.map((member, index) => ({
      user: member.user,
      name: member.name,
      seat: seatOf(record, member.user) ?? index,
      ready: isReady(record, member),
      here: member.here,
      ...(member.team !== undefined && { team: member.team }),
    })),
    ...(doc.options && { options: doc.options }),
    ...(doc.startFailure && record.status === 'waiting' && { startFailure: doc.startFailure }),
    // Hides the result from spectators of a room with a delay, because they see the end later.
    ...(record.result && !(viewer === 'spectator' && doc.watchDelayMs) && { lastResult: record.result }),
    ...(doc.private && { private: true as const }),
    ...(doc.inviteOnly && { inviteOnly: true as const }),
    ...(doc.password && { password: true as const }),
    ...(doc.locked && { locked: true as const }),
    ...(doc.watch && doc.watch !== 'anyone' && { watch: doc.watch }),
    ...(doc.watchDelayMs && { watchDelayMs: doc.watchDelayMs }),
    ...(doc.spectatorChat && { spectatorChat: true as const }),
    ...(doc.teams && { teams: doc.teams }),
    ...(viewer === 'member' && doc.code && { code: doc.code }),
    ...(viewer === 'member' && doc.banned?.length && { banned: doc.banned.map((banned) => ({ ...banned })) }),
  };
}

/** The fields of a record that the list of rooms shows. */
export type ListedRecord = Pick<RoomRecord, 'id' | 'game' | 'status' | 'doc' | 'isLocked' | 'metadata'>;

export function summaryOf({ id, game, status, doc, isLocked, metadata }: ListedRecord): RoomSummary {
  const region = doc.region ?? doc.near;
  return {
    id,
    game,
    name: doc.name,
    status,
    players: doc.members.length,
    seats: doc.seats,
    ...(region && { region }),
    ...(doc.options && { options: doc.options }),
    ...(metadata && { metadata }),
    ...(doc.password && { password: true as const }),
    ...((doc.locked || isLocked) && { locked: true as const }),
    ...(doc.watch && doc.watch !== 'anyone' && { watch: doc.watch }),
    ...(doc.teams && { teams: doc.teams }),
  };
}

export function isMember({ doc }: RoomRecord, user: UserId): boolean {
  return doc.members.some((member) => member.user === user);
}

export function isReady(record: RoomRecord, member: DocMember): boolean {
  return member.readyRound === record.round;
}

function seatOf({ status, doc }: RoomRecord, user: UserId): number | null {
  const seat = status === 'playing' ? doc.players.indexOf(user) : -1;
  return seat === -1 ? null : seat;
}
