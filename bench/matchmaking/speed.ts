import { DefaultMatchStrategy, type MatchQueueView, type Ticket } from '#libs/matchmaking';
import { matchRules } from '#libs/protocol';
import { seededRandom } from '#libs/room';
import { percentile } from '../tools.js';
import { Population } from './population.js';

/** Tickets that come and leave in a second. */
export const TICKETS_PER_SECOND = 5_000;
/** Time between two rounds, in ms. */
const ROUND_MS = 200;
const PER_ROUND = (TICKETS_PER_SECOND * ROUND_MS) / 1_000;
const WARMUP_ROUNDS = 5;

const RULES = matchRules({ min: 2, max: 10 }, { rating: true, modes: { duel: { players: 2 }, teams: { teams: { count: 2, size: 5 } } } });

export interface Speed {
  /** CPU time of the decisions of one round, in ms. */
  readonly roundP50: number;
  readonly roundP99: number;
  /** Matched tickets for each second of decisions. */
  readonly ticketsPerSecond: number;
  /** Time from the arrival of a ticket to the decision of its match, in ms; of the tickets that came during the measurement. */
  readonly matchP50: number;
  readonly matchP99: number;
}

/**
 * Measures rounds while tickets of two players come, and the same number leaves in matches.
 *
 * @param kind `backlog`: the waiting tickets can be matched, and the lobby commits only as many as come. `unmatchable`: the waiting tickets
 *   are parties of 3 for teams of 5, which never fit, so each round tries all of them for nothing.
 */
export function measureSpeed(kind: 'backlog' | 'unmatchable', waiting: number, rounds: number): Speed {
  const random = seededRandom(waiting);
  const population = new Population(random);
  const strategy = new DefaultMatchStrategy();
  const tickets = new Map<string, Ticket>();
  const add = (ticket: Ticket): void => void tickets.set(ticket.id, ticket);
  const duel = (since: number): Ticket => population.solo(since, { mode: 'duel', regions: population.regions() });
  let now = 1_000_000;
  // The waiting times of the tickets fit arrivals at this rate, none of them more than a minute ago.
  const since = (index: number): number => now - Math.min(60_000, ((waiting - index) / TICKETS_PER_SECOND) * 1_000);
  for (let index = 0; index < waiting; index++)
    add(kind === 'backlog' ? duel(since(index)) : population.party(3, since(index), { mode: 'teams', regions: population.regions() }));
  const [durations, times]: [number[], number[]] = [[], []];
  let matched = 0;
  for (let round = -WARMUP_ROUNDS; round < rounds; round++) {
    for (let index = 0; index < PER_ROUND; index++) add(duel(now + (index / PER_ROUND) * ROUND_MS));
    now += ROUND_MS;
    const view: MatchQueueView = { game: 'bench', rules: RULES, now, tickets: { [Symbol.iterator]: () => tickets.values() }, rooms: [] };
    const begun = cpuMs();
    const taken: Ticket[] = [];
    for (const match of strategy.match(view)) {
      taken.push(...match.tickets);
      if (taken.length >= PER_ROUND) break;
    }
    const ms = cpuMs() - begun;
    for (const { id } of taken) tickets.delete(id);
    if (round < 0) continue;
    durations.push(ms);
    matched += taken.length;
    for (const ticket of taken) times.push(now + ms - ticket.since);
  }
  return {
    roundP50: percentile(durations, 0.5),
    roundP99: percentile(durations, 0.99),
    ticketsPerSecond: (matched * 1_000) / durations.reduce((sum, ms) => sum + ms, 0),
    matchP50: percentile(times, 0.5),
    matchP99: percentile(times, 0.99),
  };
}

/** Returns the CPU time of a round that matches the whole queue, in ms: the median of some. */
export function measureWholeQueue(waiting: number, rounds: number): { readonly ms: number; readonly matched: number } {
  const population = new Population(seededRandom(waiting));
  const now = 1_000_000;
  const tickets = Array.from({ length: waiting }, (_, index) =>
    population.solo(now - index / 5, { mode: 'duel', regions: population.regions() }),
  );
  const durations: number[] = [];
  let matched = 0;
  for (let round = 0; round < rounds; round++) {
    const strategy = new DefaultMatchStrategy();
    const begun = cpuMs();
    matched = 0;
    for (const match of strategy.match({ game: 'bench', rules: RULES, now, tickets, rooms: [] })) matched += match.tickets.length;
    durations.push(cpuMs() - begun);
  }
  return { ms: percentile(durations, 0.5), matched };
}

/**
 * CPU time of this process in ms, with garbage collection in other threads. Unlike the time of day, it does not depend on other programs.
 */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
