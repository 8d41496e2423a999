import type { Anchor } from './anchor.js';
import { latencyLimit } from './anchor.js';
import { type Attributes, attributesAgree } from './attributes.js';
import { NearestWalk } from './nearest.js';
import { exactFit } from './team-fit.js';
import { type Entry, listsFor, mayAgree } from './ticket-index.js';
import { ratingLimit } from './windows.js';

/** The tickets that were found for an anchor. */
export interface Gathered {
  /** The candidates, nearest rating first. There are at most as many candidates of each party size as one match can have. */
  readonly accepted: readonly Entry[];
  /** The sizes of the parties that join each team. Null: the candidates do not make a match. */
  readonly fit: readonly (readonly number[])[] | null;
  /** The largest difference between the rating of a candidate and the rating of the anchor, in points. */
  readonly distance: number;
}

/**
 * Maximum number of further searches for one anchor and region. Each further search is for one combination of attributes that the first
 * search excluded, and considers only the tickets that agree with this combination.
 */
const CONFLICTS_MAX = 16;

/**
 * Maximum number of comparisons of attributes per round, in a bucket with many combinations of attributes. This number of comparisons takes
 * about half a second. Each anchor has an equal share of this number.
 */
const COMPARISONS_MAX = 500_000;
/**
 * Minimum number of comparisons of attributes for one anchor: the strategy compares each anchor with at least this number of its nearest
 * tickets.
 */
const COMPARISONS_MIN = 64;

/** Searches for the nearest tickets that make a match with the anchor, in the anchor's best region. */
export function gather(anchor: Anchor, now: number, round: number): Gathered {
  let best: Gathered = NOTHING;
  if (anchor.targets.length === 0 && !anchor.partial) return best;
  for (const region of anchor.regions) {
    const found = gatherIn(anchor, region, now, round);
    const isBetter = found.fit
      ? !best.fit || found.distance < best.distance
      : !best.fit && playersOf(found.accepted) > playersOf(best.accepted);
    if (isBetter) best = found;
    if (best.fit && !anchor.isAnywhere) break;
  }
  return best;
}

export function playersOf(entries: readonly Entry[]): number {
  let players = 0;
  for (const { size } of entries) players += size;
  return players;
}

const NOTHING: Gathered = { accepted: [], fit: null, distance: 0 };

function gatherIn(anchor: Anchor, region: string, now: number, round: number): Gathered {
  const conflicts = new Map<string, Attributes>();
  let best = gatherAround(anchor, region, undefined, now, round, conflicts);
  if (best.fit || anchor.bucket.isMixed) return best;
  // Repeats the search for each excluded combination of attributes. The nearest tickets in the first search have possibly excluded other
  // tickets with which a match is possible.
  for (const attributes of [...conflicts.values()].slice(0, CONFLICTS_MAX)) {
    const found = gatherAround(anchor, region, attributes, now, round, new Map());
    if (found.fit) return found;
    if (playersOf(found.accepted) > playersOf(best.accepted)) best = found;
  }
  return best;
}

function gatherAround(
  anchor: Anchor,
  region: string,
  wanted: Attributes | undefined,
  now: number,
  round: number,
  conflicts: Map<string, Attributes>,
): Gathered {
  const { bucket, rules, targets, mu, limit } = anchor;
  const target = targets[0] ?? anchor.partial ?? [];
  const most = anchor.partial && targets.length === 0 ? anchor.partial : target;
  const full = sum(most);
  const accepted: Entry[] = [];
  const counts: number[] = [];
  let players = 0;
  let distance = 0;
  let comparisons = bucket.isMixed
    ? Math.max(COMPARISONS_MIN, Math.floor(COMPARISONS_MAX / bucket.order.length))
    : Number.POSITIVE_INFINITY;
  const agreement = new Agreement(anchor.attributes, wanted);
  if (full === 0) return { accepted, fit: targets.length > 0 ? most.map(() => []) : null, distance };
  const groups = [];
  for (const group of bucket.groups.values()) if (mayAgree(group, anchor.attributes)) groups.push(group);
  const lists = listsFor(groups, region);
  for (const list of lists) list.begin(round);
  const walk = new NearestWalk(lists, mu);
  for (let entry = walk.next(limit); entry; entry = walk.next(limit)) {
    if (entry === anchor.entry) continue;
    const { size } = entry;
    const cap = capOf(most, size);
    const taken = counts[size] ?? 0;
    if (taken >= cap) {
      walk.drop(size);
      continue;
    }
    if (!accepts(entry, anchor, region, now)) continue;
    if (--comparisons < 0) break;
    if (!agreement.add(entry)) {
      conflicts.set(entry.attributesText, entry.attributes!);
      continue;
    }
    accepted.push(entry);
    counts[size] = taken + 1;
    players += size;
    distance = Math.abs(entry.mu - mu);
    if (players < full) continue;
    const fit = targets.length > 0 ? exactFit(target, filled(counts)) : null;
    if (fit) return { accepted, fit, distance };
    if (targets.length === 0 && isFull(partialFit(most, accepted, false), full)) break;
  }
  for (let at = 1; at < targets.length; at++) {
    const smaller = targets[at]!;
    if (sum(smaller) > players) continue;
    const fit = exactFit(smaller, filled(counts));
    if (fit) return { accepted, fit, distance };
  }
  const { partial } = anchor;
  return { accepted, fit: partial ? partialFit(partial, accepted, rules.botsAfterMs !== undefined && !anchor.room) : null, distance };
}

/** Returns whether a ticket accepts a match with this anchor in this region. Does not compare attributes. */
function accepts({ mu, sigma, ticket }: Entry, anchor: Anchor, region: string, now: number): boolean {
  const { rules, room } = anchor;
  const waitedMs = now - ticket.since;
  if (room?.banned && ticket.players.some(({ user }) => room.banned!.includes(user))) return false;
  if (!anchor.isOverdue && Math.abs(mu - anchor.mu) > ratingLimit(rules, sigma, waitedMs)) return false;
  if (region === '' || !ticket.regions) return true;
  return ticket.regions[region]! <= (anchor.isOverdue ? rules.latency.to : latencyLimit(rules, waitedMs));
}

/** Returns the sizes of the parties of each team. Each party in turn joins the team with the most free places. */
function partialFit(capacities: readonly number[], entries: readonly Entry[], mayBeEmpty: boolean): number[][] | null {
  const free = [...capacities];
  const teams: number[][] = capacities.map(() => []);
  let count = 0;
  for (const { size } of entries) {
    const team = free.indexOf(Math.max(...free));
    if (free[team]! < size) continue;
    free[team]! -= size;
    teams[team]!.push(size);
    count++;
  }
  return count > 0 || mayBeEmpty ? teams : null;
}

function isFull(teams: readonly (readonly number[])[] | null, places: number): boolean {
  return teams !== null && sum(teams.map(sum)) === places;
}

/** Returns the maximum number of parties of one size in a match with these free places. */
function capOf(capacities: readonly number[], size: number): number {
  let cap = 0;
  for (const capacity of capacities) cap += Math.floor(capacity / size);
  return cap;
}

function filled(counts: readonly (number | undefined)[]): number[] {
  return Array.from(counts, (count) => count ?? 0);
}

function sum(numbers: readonly number[]): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}

/** The attributes of all accepted tickets, with which further tickets must agree. */
class Agreement {
  private readonly all: Attributes[] = [];
  private readonly seen = new Map<string, number>();

  constructor(...first: (Attributes | undefined)[]) {
    for (const attributes of first) if (attributes) this.all.push(attributes);
  }

  /** Returns false for a ticket that does not agree with the tickets accepted so far. */
  add({ attributes, attributesText }: Entry): boolean {
    if (!attributes || attributesText === '') return true;
    const count = this.seen.get(attributesText) ?? 0;
    // Two accepted tickets with equal attributes have been compared with each other, so a third ticket with these attributes needs no
    // comparison.
    if (count < 2) {
      if (!attributesAgree([...this.all, attributes])) return false;
      this.all.push(attributes);
      this.seen.set(attributesText, count + 1);
    }
    return true;
  }
}
