import type { MatchRules, UserId } from '#libs/protocol';
import { type Anchor, anchorOfRoom, anchorOfTicket, sizeWithBots } from './anchor.js';
import { explain } from './explanation.js';
import { type Gathered, gather } from './gathering.js';
import { getOrAdd } from './get-or-add.js';
import { type MatchExplanation, type MatchQueueView, MatchStrategy, type ProposedMatch } from './match-strategy.js';
import { compareService, mergeSorted } from './rating-list.js';
import { bestRegion } from './regions.js';
import { balancedTeams } from './team-fit.js';
import type { OpenRoom, Ticket } from './ticket.js';
import { type Entry, TicketIndex } from './ticket-index.js';
import { RATING_DEFAULT } from './windows.js';

/**
 * The default strategy. It serves tickets and open rooms in the order of their arrival, and matches each of them with the allowed tickets
 * whose ratings are nearest. A ticket without enough other tickets stays in the queue, where a later ticket can choose it.
 *
 * Bound on waiting: a ticket has fixed rules, which are mode, options, attributes, regions within `latency.to`, and the size of its party.
 * When it has waited `maxWaitMs` and enough tickets fit these rules, the next round puts it into a match. Exception: an earlier ticket or
 * room can take these tickets. Each earlier ticket or room leaves the queue with its match. So n earlier tickets or rooms delay the ticket
 * by at most n matches.
 */
export class DefaultMatchStrategy extends MatchStrategy {
  private readonly indexes = new Map<string, TicketIndex>();
  private round = 0;
  /** The argument of the last call of `explain`. */
  private explained: MatchQueueView | undefined;

  *match(queue: MatchQueueView): Iterable<ProposedMatch> {
    const index = this.indexOf(queue);
    const round = ++this.round;
    for (const anchor of anchorsOf(queue, index, round)) {
      // Stops because another call of `match` has begun a round. Otherwise both rounds would mark the same entries.
      if (this.round !== round) return;
      const gathered = gather(anchor, queue.now, round);
      if (gathered.fit) yield proposed(anchor, gathered, gathered.fit, queue.now, round);
    }
  }

  override explain(ticket: Ticket, queue: MatchQueueView): MatchExplanation {
    const index = this.indexOf(queue);
    if (this.explained !== queue) {
      this.explained = queue;
      this.round++;
    }
    return explain(ticket, index, queue, this.round);
  }

  private indexOf(queue: MatchQueueView): TicketIndex {
    const index = getOrAdd(this.indexes, queue.game, () => new TicketIndex());
    index.update(queue);
    return index;
  }
}

function* anchorsOf({ rooms, rules, now }: MatchQueueView, index: TicketIndex, round: number): Iterable<Anchor> {
  const open = rooms.map((room) => ({ id: room.room as string, order: room.since, room })).sort(compareService);
  const all = mergeSorted<Entry | OrderedRoom>(index.inOrder(), open, compareService);
  for (const one of all) {
    if ('room' in one) {
      const bucket = index.bucketFor(one.room);
      const anchor = bucket && anchorOfRoom(one.room, bucket, rules, now);
      if (anchor) yield anchor;
    } else if (one.takenIn !== round) yield anchorOfTicket(one, now);
  }
}

interface OrderedRoom {
  readonly id: string;
  readonly order: number;
  readonly room: OpenRoom;
}

function proposed(anchor: Anchor, { accepted }: Gathered, fit: readonly (readonly number[])[], now: number, round: number): ProposedMatch {
  const added = chosen(accepted, fit);
  const { entry, room, rules } = anchor;
  const entries = entry ? [entry, ...added.sort(compareService)] : added.sort(compareService);
  for (const one of entries) one.takenIn = round;
  const tickets = entries.map(({ ticket }) => ticket);
  const region = bestRegion(tickets, anchor, now);
  const hasTeams = room ? room.teams !== undefined : rules.teams !== undefined;
  const teams = hasTeams ? usersOfTeams(anchor, entries, fit) : undefined;
  const bots = entry ? botsFor(rules, entry, entries) : 0;
  return {
    tickets,
    ...(teams && { teams }),
    ...(region !== undefined && { region }),
    ...(room && { room: room.room }),
    ...(bots > 0 && { bots }),
  };
}

/** Returns the nearest accepted tickets that have the party sizes of `fit`. */
function chosen(accepted: readonly Entry[], fit: readonly (readonly number[])[]): Entry[] {
  const needed = new Map<number, number>();
  for (const team of fit) for (const size of team) needed.set(size, (needed.get(size) ?? 0) + 1);
  return accepted.filter(({ size }) => {
    const count = needed.get(size) ?? 0;
    if (count > 0) needed.set(size, count - 1);
    return count > 0;
  });
}

function usersOfTeams({ entry, room }: Anchor, entries: readonly Entry[], fit: readonly (readonly number[])[]): UserId[][] {
  const sizes = entry ? fit.map((team, index) => (index === 0 ? [...team, entry.size] : team)) : fit;
  const teams = balancedTeams(sizes, entries, room ? sumsOf(room) : fit.map(() => 0));
  return teams.map((team) => team.flatMap(({ ticket }) => ticket.players.map(({ user }) => user)));
}

/** Returns the sum of the ratings of each team of a room. */
function sumsOf({ teams = [], players }: OpenRoom): number[] {
  const ratings = new Map(players.map(({ user, rating = RATING_DEFAULT }) => [user, rating.mu]));
  return teams.map((team) => team.reduce((total, user) => total + (ratings.get(user) ?? RATING_DEFAULT.mu), 0));
}

/** Returns the number of bots that replace the missing players. */
function botsFor(rules: MatchRules, { size: own }: Entry, entries: readonly Entry[]): number {
  let players = 0;
  for (const { size } of entries) players += size;
  return Math.max(0, sizeWithBots(rules, own) * (rules.teams?.count ?? 1) - players);
}
