import type { TeamRules } from '#libs/protocol';
import type { DocMember, RoomDoc } from '#libs/room-store';

/**
 * Puts a new member into the smallest team of the room. If several teams are equally small, chooses the first of them. In a room without
 * teams, returns the member unchanged.
 */
export function inSmallestTeam({ teams, members }: Pick<RoomDoc, 'teams' | 'members'>, member: DocMember): DocMember {
  return teams ? { ...member, team: smallestTeam(teams, members) } : member;
}

/** Returns the number of the team with the fewest players. If several teams are equally small, returns the first of them. */
export function smallestTeam({ count }: TeamRules, players: readonly { readonly team?: number }[]): number {
  const sizes = Array.from({ length: count }, (_, team) => players.filter((one) => one.team === team).length);
  return sizes.indexOf(Math.min(...sizes));
}
