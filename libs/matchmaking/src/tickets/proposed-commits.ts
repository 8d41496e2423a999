import { type MatchRules, type RoomId, rulesOfMode } from '#libs/protocol';
import type { ProposedMatch } from '../strategy/match-strategy.js';
import type { OpenRoom } from '../strategy/ticket.js';
import type { MatchRecord } from './match-record.js';
import type { StoredTicket } from './stored-ticket.js';
import type { Commit } from './ticket-store.js';
import type { WaitingQueue, WaitingTicket } from './waiting-queue.js';

export interface CommitTerms {
  readonly game: string;
  readonly rules: MatchRules;
  readonly rooms: readonly OpenRoom[];
  readonly matchesMax: number;
  /** The queue time, in ms. */
  readonly now: number;
  newId(): RoomId;
}

/** A match to commit, with its waiting tickets. */
export interface CommitPlan extends Commit {
  readonly waiting: readonly StoredTicket[];
}

/**
 * Checks the proposals of a strategy, and converts them into commits. Drops a proposal with an unknown or paused ticket, a repeated ticket
 * or user, players of two modes, a wrong number of players, or a user who may not enter the room. So a wrong strategy cannot corrupt the
 * queue.
 *
 * @returns the commits, and the number of dropped proposals
 */
export function commitsOf(
  proposals: Iterable<ProposedMatch>,
  queue: WaitingQueue,
  { game, rules, rooms, matchesMax, now, newId }: CommitTerms,
): { readonly commits: CommitPlan[]; readonly refused: number } {
  const used = new Set<string>();
  const free = new Map(rooms.map(({ room, free }) => [room, free]));
  const banned = new Map(rooms.flatMap(({ room, banned = [] }) => (banned.length > 0 ? [[room, banned]] : [])));
  const commits: CommitPlan[] = [];
  let refused = 0;
  for (const { tickets, teams, region, room, bots = 0 } of proposals) {
    const known = tickets.map(({ id }) => queue.get(id));
    const [first] = tickets;
    const ids = new Set(tickets.map(({ id }) => id));
    const users = tickets.flatMap(({ players }) => players.map(({ user }) => user));
    const mode = first && rulesOfMode(rules, first.mode);
    const isKnown = known.every((one) => one !== undefined && !one.isPaused) && ids.size === tickets.length;
    const isOneMode = tickets.every((ticket) => ticket.mode === first?.mode);
    const seatsMax = room === undefined ? mode?.seats.max : free.get(room);
    const isEnough = room !== undefined || users.length + bots >= (mode?.seats.min ?? 1);
    const fits = seatsMax !== undefined && users.length > 0 && users.length + bots <= seatsMax && isEnough;
    const isBanned = room !== undefined && users.some((user) => banned.get(room)?.includes(user));
    const isRepeated = new Set(users).size !== users.length || tickets.some(({ id }) => used.has(id));
    if (!isKnown || !isOneMode || !fits || isBanned || isRepeated) {
      refused += 1;
      continue;
    }
    for (const id of ids) used.add(id);
    if (room !== undefined) free.set(room, seatsMax - users.length);
    const all = known.map((one) => one!);
    const terms = {
      game,
      at: Math.round(now),
      ...(teams && { teams }),
      ...(region !== undefined && { region }),
      ...(bots > 0 && { bots }),
    };
    // Each ticket of a backfill is a separate commit, because another player can take a seat of the room meanwhile. The players of a
    // backfill receive no offer.
    if (room !== undefined) commits.push(...all.map((one) => planOf({ ...terms, id: newId(), stage: 'making', room }, [one])));
    else commits.push(planOf({ ...terms, id: newId(), stage: mode?.acceptMs === undefined ? 'making' : 'offered' }, all));
    if (commits.length >= matchesMax) break;
  }
  return { commits, refused };
}

function planOf(match: Omit<MatchRecord, 'tickets' | 'players'>, all: readonly WaitingTicket[]): CommitPlan {
  const waiting = all.map(({ ticket }) => ticket);
  const players = waiting.reduce((sum, ticket) => sum + ticket.players.length, 0);
  return {
    match: { ...match, tickets: waiting.map(({ id }) => id), players },
    tickets: all.map(({ ticket, change }) => ({ id: ticket.id, change })),
    waiting,
  };
}
