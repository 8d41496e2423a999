import type { DocMember, RoomDoc } from '#libs/room-store';

/** Returns a new member in the smallest team of the room, the first among equals; in a room without teams, the member as it is. */
export function inSmallestTeam({ teams, members }: Pick<RoomDoc, 'teams' | 'members'>, member: DocMember): DocMember {
  if (!teams) return member;
  const sizes = Array.from({ length: teams.count }, (_, team) => members.filter((one) => one.team === team).length);
  return { ...member, team: sizes.indexOf(Math.min(...sizes)) };
}
