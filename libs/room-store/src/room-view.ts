import type { RoomSummary, RoomView, UserId } from '#libs/protocol';
import type { DocMember, RoomRecord } from './room-record.js';

/** Returns the part of a record that players see. */
export function viewOf(record: RoomRecord): RoomView {
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
    })),
    ...(doc.options && { options: doc.options }),
    ...(record.result && { lastResult: record.result }),
  };
}

export function summaryOf({ id, game, status, doc }: Pick<RoomRecord, 'id' | 'game' | 'status' | 'doc'>): RoomSummary {
  const region = doc.region ?? doc.near;
  return { id, game, name: doc.name, status, players: doc.members.length, seats: doc.seats, ...(region && { region }) };
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
