import type { StoredTicket } from '#libs/matchmaking';
import type { UserId } from '#libs/protocol';
import type { DocMember, RoomRecord } from '#libs/room-store';

/**
 * Returns the members of the user's party in a waiting room, the user first. In the room of a match, the party consists of the members with
 * the same ticket. In any other room, all members are one party. Null: the room is not waiting, or the user is not a member.
 */
export function partyOf({ doc, status }: RoomRecord, user: UserId): readonly DocMember[] | null {
  const own = doc.members.find((member) => member.user === user);
  if (status !== 'waiting' || !own) return null;
  const together = doc.parties?.find((party) => party.includes(user)) ?? (doc.parties ? [user] : null);
  const others = doc.members.filter((member) => member.user !== user && (together?.includes(member.user) ?? true));
  return [own, ...others];
}

/**
 * Returns the leader of the user's party. In the room of a match, the leader is the first member of the party. In any other room, the
 * leader is the host.
 */
export function leaderOf({ doc }: RoomRecord, user: UserId): UserId {
  if (!doc.parties) return doc.host;
  const party = doc.parties.find((one) => one.includes(user)) ?? [user];
  return party.find((one) => doc.members.some((member) => member.user === one)) ?? user;
}

/** Returns the parties of a match for the room's record, so that each party can search together again after the game. */
export function partiesOf(tickets: readonly StoredTicket[]): (readonly UserId[])[] {
  return tickets.flatMap(({ players }) => (players.length > 1 ? [players.map(({ user }) => user)] : []));
}
