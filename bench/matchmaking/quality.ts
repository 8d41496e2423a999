import type { Ticket } from '#libs/matchmaking';
import { seededRandom } from '#libs/room';
import { percentile } from '../tools.js';
import { Population } from './population.js';
import type { QueueRule } from './rules.js';

export interface Quality {
  /** Highest minus lowest rating of a match, in points: the mean of all matches. */
  readonly spread: number;
  /** Waiting times of tickets, in seconds. */
  readonly waitP50: number;
  readonly waitP95: number;
  readonly waitMax: number;
}

/** Part of the simulated time whose matches do not count, because the queue is filling. */
const WARMUP = 0.1;

/**
 * Simulates players who come one after another, and a round each second. Every rule gets the same players at the same times.
 *
 * @param perSecond mean number of players who come in a second
 */
export function simulateQuality(rule: QueueRule, perSecond: number, seconds: number, seed: number): Quality {
  const random = seededRandom(seed);
  const population = new Population(random);
  let waiting: Ticket[] = [];
  const spreads: number[] = [];
  const waits: number[] = [];
  let arrival = 0;
  for (let second = 1; second <= seconds; second++) {
    const now = second * 1_000;
    for (;;) {
      const next = arrival + (-Math.log(1 - random()) * 1_000) / perSecond;
      if (next > now) break;
      arrival = next;
      waiting.push(population.solo(next));
    }
    // The time between two arrivals has no memory, so the next one may be drawn from here.
    arrival = now;
    const matched = new Set<Ticket>();
    for (const tickets of rule.round(waiting, now)) {
      for (const ticket of tickets) matched.add(ticket);
      if (second < seconds * WARMUP) continue;
      const ratings = tickets.map(({ players }) => players[0].rating!.mu);
      spreads.push(Math.max(...ratings) - Math.min(...ratings));
      for (const { since } of tickets) waits.push((now - since) / 1_000);
    }
    if (matched.size > 0) waiting = waiting.filter((ticket) => !matched.has(ticket));
  }
  return {
    spread: spreads.reduce((sum, spread) => sum + spread, 0) / spreads.length,
    waitP50: percentile(waits, 0.5),
    waitP95: percentile(waits, 0.95),
    waitMax: percentile(waits, 1),
  };
}
