import { type MatchRules, rulesOfMode } from '#libs/protocol';
import type { Attributes } from './attributes.js';
import { getOrAdd } from './get-or-add.js';
import { exactFit } from './team-fit.js';
import type { OpenRoom } from './ticket.js';
import type { Bucket, Entry } from './ticket-index.js';
import { isOverdue, ratingLimit, ratingOf } from './windows.js';

/**
 * A ticket or an open room for which the strategy searches further tickets. The rules of the anchor determine the windows. The tickets that
 * the strategy finds join the match of the anchor.
 */
export interface Anchor {
  readonly id: string;
  readonly order: number;
  readonly rules: MatchRules;
  readonly bucket: Bucket;
  readonly mu: number;
  /** The largest difference of ratings that the anchor accepts now, in points. Infinity: it accepts any difference. */
  readonly limit: number;
  /**
   * True: the anchor has waited for `maxWaitMs`, or it is a room without players. It then accepts any difference of ratings. Each ticket
   * that joins its match accepts any difference too, and a latency up to `latency.to`.
   */
  readonly isOverdue: boolean;
  readonly attributes: Attributes | undefined;
  /** The regions in which the strategy searches for a match, in this order. The region '' stands for a match in any region. */
  readonly regions: readonly string[];
  /** True: all of `regions` are equally good for the anchor, so the strategy compares the matches of all of them. */
  readonly isAnywhere: boolean;
  /**
   * The targets: one for each match size that is allowed now, the largest size first. Each target contains the free places of each team.
   */
  readonly targets: readonly (readonly number[])[];
  /**
   * Free places of each team. If the match can reach none of `targets`, it fills as many of these places as possible. Undefined: the match
   * must reach one of `targets`.
   */
  readonly partial?: readonly number[];
  /** The ticket. Undefined: the anchor is a room. */
  readonly entry?: Entry;
  readonly room?: OpenRoom;
}

/** @param isExplained true: also includes targets for which the queue has too few tickets, to explain what is missing */
export function anchorOfTicket(entry: Entry, now: number, isExplained = false): Anchor {
  const { bucket, ticket, size } = entry;
  const { rules } = bucket;
  const waitedMs = now - ticket.since;
  const own = ownRegions(entry, now);
  const mayHaveBots = rules.botsAfterMs !== undefined && waitedMs >= rules.botsAfterMs;
  const isFull = waitedMs < rules.fillMs && !mayHaveBots;
  return {
    id: entry.id,
    order: entry.order,
    rules,
    bucket,
    mu: entry.mu,
    limit: ratingLimit(rules, entry.sigma, waitedMs),
    isOverdue: isOverdue(rules, waitedMs),
    attributes: entry.attributes,
    regions: own ?? (bucket.regions.length > 0 ? bucket.regions : ['']),
    isAnywhere: own === undefined,
    targets: isExplained ? targetsFor(rules, size, isFull) : possibleTargets(bucket, size, isFull),
    ...(mayHaveBots && { partial: capacitiesFor(rules, size, sizeWithBots(rules, size)) }),
    entry,
  };
}

/** Returns an open room as an anchor. Null: matchmaking adds no players to this room. */
export function anchorOfRoom(room: OpenRoom, bucket: Bucket, gameRules: MatchRules, now: number): Anchor | null {
  const rules = rulesOfMode(gameRules, room.mode);
  if (!rules || room.free < 1 || !(room.running ? rules.backfill.running : rules.backfill.waiting)) return null;
  const waitedMs = now - room.since;
  const { mu, sigma } = ratingOf(room.players);
  const overdue = isOverdue(rules, waitedMs) || room.players.length === 0;
  const fill = roomTargets(room, rules, waitedMs < rules.fillMs);
  return {
    id: room.room,
    order: room.since,
    rules,
    bucket,
    mu,
    limit: overdue ? Number.POSITIVE_INFINITY : ratingLimit(rules, sigma, waitedMs),
    isOverdue: overdue,
    attributes: room.attributes,
    regions: room.region === undefined ? (bucket.regions.length > 0 ? bucket.regions : ['']) : [room.region],
    isAnywhere: room.region === undefined,
    ...fill,
    room,
  };
}

/**
 * Returns the targets (see `Anchor`) for which the bucket has enough tickets. Ignores all other rules. This check is cheap and avoids most
 * of the searches that would find no match.
 */
function possibleTargets({ fits, rules, counts }: Bucket, size: number, isFull: boolean): readonly (readonly number[])[] {
  return getOrAdd(fits, isFull ? size : -size, () => {
    const others = Array.from(counts, (count = 0, of) => (of === size ? count - 1 : count));
    return targetsFor(rules, size, isFull).filter((target) => exactFit(target, others) !== null);
  });
}

/**
 * Returns one target (see `Anchor`) for each possible size of a match, the largest size first. `isFull`: returns only the target of the
 * largest size.
 */
function targetsFor(rules: MatchRules, size: number, isFull: boolean): number[][] {
  const { min, max } = rules.teams?.size ?? rules.seats;
  const targets: number[][] = [];
  for (let target = max; target >= Math.max(size, isFull ? max : min); target--) targets.push(capacitiesFor(rules, size, target));
  return targets;
}

/**
 * Returns the size of each team in a match with bots, or of the whole match in a mode without teams. Bots count, too. The size is the
 * minimum of the mode, or the size of the party if the party is larger.
 */
export function sizeWithBots({ teams, seats }: MatchRules, size: number): number {
  return Math.max(teams?.size.min ?? seats.min, size);
}

/** Returns the free places of each team, for teams of `target` players. The first team already has `size` players. */
function capacitiesFor({ teams }: MatchRules, size: number, target: number): number[] {
  return Array.from({ length: teams?.count ?? 1 }, (_, team) => Math.max(0, team === 0 ? target - size : target));
}

function roomTargets(room: OpenRoom, rules: MatchRules, isFull: boolean): Pick<Anchor, 'targets' | 'partial'> {
  const inTeams = room.teams?.map((team) => team.length);
  if (room.running) return { targets: [], partial: inTeams ? freeOfTeams(inTeams, rules, room.free) : [room.free] };
  const { min, max } = rules.teams?.size ?? rules.seats;
  const targets: number[][] = [];
  for (let target = max; target >= (isFull ? max : min); target--) {
    const players = rules.teams ? target * rules.teams.count : target;
    const free = players - room.players.length;
    if (free < 1 || free > room.free) continue;
    if (!inTeams) targets.push([free]);
    else if (inTeams.every((count) => count <= target)) targets.push(inTeams.map((count) => target - count));
  }
  return { targets };
}

/** Returns the free places of the teams of a running room, at most `free` in total. The smallest team is filled first. */
function freeOfTeams(inTeams: readonly number[], { teams }: MatchRules, free: number): number[] {
  const capacities = inTeams.map(() => 0);
  const count = [...inTeams];
  for (let left = free; left > 0; left--) {
    const team = count.indexOf(Math.min(...count));
    if (teams && count[team]! >= teams.size.max) break;
    count[team]!++;
    capacities[team]!++;
  }
  return capacities;
}

/** Returns the regions that are allowed for a ticket now, nearest first. Undefined: every region is allowed. */
function ownRegions({ ticket: { regions, since }, bucket: { rules } }: Entry, now: number): string[] | undefined {
  if (!regions) return undefined;
  const limit = latencyLimit(rules, now - since);
  const near = Object.keys(regions).filter((region) => regions[region]! <= limit);
  return near.sort((a, b) => regions[a]! - regions[b]! || (a < b ? -1 : 1));
}

/** Returns the allowed latency of a ticket that has waited for this time, in ms. */
export function latencyLimit(rules: MatchRules, waitedMs: number): number {
  const { from, to, overMs } = rules.latency;
  if (waitedMs >= overMs || isOverdue(rules, waitedMs)) return to;
  return from + ((to - from) * Math.max(0, waitedMs)) / overMs;
}
