import { HoldfastError, type TeamRules, type UserId } from '#libs/protocol';
import type { RoomDoc, RoomRecord } from '#libs/room-store';
import { asHost } from './host-rules.js';

/* Pure rules for the teams of a room. The teams change only while the room waits. A game keeps the teams with which it began. */

/**
 * Moves a member to a team.
 *
 * @throws `not-in-room`, `no-teams`, `room-playing`, `not-owner` for another member, `not-a-member`, `bad-data` for a team that does not
 *   exist, `team-full`
 */
export function moveToTeam(record: RoomRecord, user: UserId, team: number, target: UserId, now: number): RoomDoc {
  const doc = target === user ? record.doc : asHost(record, user, now);
  const teams = teamsOf(record);
  const member = doc.members.find((one) => one.user === target);
  if (!member) throw new HoldfastError(target === user ? 'not-in-room' : 'not-a-member');
  if (team >= teams.count) throw new HoldfastError('bad-data', `team: this room has the teams 0 to ${teams.count - 1}`);
  if (member.team === team) return doc;
  if (doc.members.filter((one) => one.team === team).length >= teams.size) throw new HoldfastError('team-full');
  return { ...doc, members: doc.members.map((one) => (one === member ? { ...one, team } : one)) };
}

/**
 * Distributes the members evenly: the sizes of two teams differ by at most one. Moves as few members as possible: the members who joined
 * last.
 *
 * @throws `not-in-room`, `not-owner`, `no-teams`, `room-playing`
 */
export function balance(record: RoomRecord, user: UserId, now: number): RoomDoc {
  const doc = asHost(record, user, now);
  const { count } = teamsOf(record);
  const most = Math.ceil(doc.members.length / count);
  /** Number of teams that have `most` members after the distribution. Every other team has one member fewer. */
  const large = doc.members.length - (most - 1) * count;
  const sizes = Array.from({ length: count }, (_, team) => doc.members.filter((member) => member.team === team).length);
  const bySize = [...sizes.keys()].sort((a, b) => sizes[b]! - sizes[a]! || a - b);
  const allowed = new Map(bySize.map((team, rank) => [team, rank < large ? most : most - 1]));
  const placed = new Map<number, number>();
  const place = (team: number): number => {
    placed.set(team, (placed.get(team) ?? 0) + 1);
    return team;
  };
  const hasPlace = (team: number | undefined): team is number => team !== undefined && (placed.get(team) ?? 0) < (allowed.get(team) ?? 0);
  const staying = new Set(doc.members.filter(({ team }) => hasPlace(team) && place(team) >= 0));
  const members = doc.members.map((member) =>
    staying.has(member) ? member : { ...member, team: place([...allowed.keys()].find(hasPlace)!) },
  );
  return members.every((member, index) => member === doc.members[index]) ? doc : { ...doc, members };
}

function teamsOf({ doc, status }: RoomRecord): TeamRules {
  if (!doc.teams) throw new HoldfastError('no-teams');
  if (status !== 'waiting') throw new HoldfastError('room-playing');
  return doc.teams;
}
