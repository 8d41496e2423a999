import { type MatchOptions, matchRules, type RoomId, type UserId } from '#libs/protocol';
import type { MatchQueueView, ProposedMatch } from './match-strategy.js';
import type { OpenRoom, Ticket } from './ticket.js';

/** The store time at which the strategy receives the tickets, in ms. */
export const NOW = 1_000_000;

/** A ticket of players with these ratings. The user ids are the ticket's id and a letter: `7a`, `7b`. */
export function ticketOf(
  id: string | number,
  ratings: number | readonly number[],
  more: Partial<Ticket> & { waitedMs?: number } = {},
): Ticket {
  const { waitedMs = 0, ...rest } = more;
  const players = (typeof ratings === 'number' ? [ratings] : ratings).map((mu, index) => ({
    user: `${id}${'abcdefgh'[index]}` as UserId,
    name: `Player ${id}`,
    rating: { mu, sigma: 0 },
  }));
  return { id: String(id), players, game: 'duel', since: NOW - waitedMs, ...rest };
}

export function roomOf(id: string, free: number, more: Partial<OpenRoom> = {}): OpenRoom {
  return { room: id as RoomId, game: 'duel', running: true, free, players: [], since: NOW, ...more };
}

export function viewOf(
  seats: number | { min: number; max: number },
  options: MatchOptions,
  tickets: readonly Ticket[],
  more: Partial<MatchQueueView> = {},
): MatchQueueView {
  const rules = matchRules(typeof seats === 'number' ? { min: seats, max: seats } : seats, options);
  return { game: 'duel', rules, now: NOW, tickets, rooms: [], ...more };
}

/** The ids of the tickets of each match, sorted. */
export function idsOf(matches: Iterable<ProposedMatch>): string[][] {
  return [...matches].map(({ tickets }) => tickets.map(({ id }) => id).sort());
}
