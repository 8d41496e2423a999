import type { RecentMatch } from '../strategy/match-strategy.js';
import type { StoredTicket } from './stored-ticket.js';

/** A summary of the queue of one game, for operators. */
export interface QueueReport {
  readonly game: string;
  /** The id of the lobby that runs the rounds. */
  readonly runner: string;
  readonly tickets: number;
  readonly players: number;
  /** Number of tickets that are paused because a player has no connection. */
  readonly paused: number;
  /** Median of the waiting times of the tickets in the queue, in ms. Null: the queue is empty. */
  readonly waitingP50Ms: number | null;
  /** 95th percentile of the waiting times of the tickets in the queue, in ms. Null: the queue is empty. */
  readonly waitingP95Ms: number | null;
  /** Median of the waiting times of the tickets in the latest matches, in ms. Null: there was no match yet. */
  readonly matchedP50Ms: number | null;
  /** 95th percentile of the waiting times of the tickets in the latest matches, in ms. Null: there was no match yet. */
  readonly matchedP95Ms: number | null;
  readonly matchesPerMinute: number;
  /** Number of matches since this lobby became the runner. Absent: a lobby of an earlier release wrote the summary. */
  readonly matches?: number;
  /** The waiting tickets of each mode. `mode` null: the tickets without a mode. Absent: a lobby of an earlier release wrote the summary. */
  readonly byMode?: readonly { readonly mode: string | null; readonly tickets: number; readonly longestWaitMs: number }[];
  /**
   * Difference between the highest and the lowest rating of a match, in points: the median of the latest matches. Null: the latest matches
   * had no ratings.
   */
  readonly ratingSpread: number | null;
  /** Duration of the last round, in ms. */
  readonly roundMs: number;
}

/** Number of matches that the statistics remember. */
const RECENT_MATCHES = 100;
const MINUTE_MS = 60_000;

/** The waiting times and ratings of the latest matches of a game. */
export class QueueStatistics {
  private readonly latest: RecentMatch[] = [];
  private readonly spreads: number[] = [];
  /** The queue times of the matches of the last minute, in ms. */
  private times: number[] = [];
  roundMs = 0;
  matches = 0;

  get recent(): readonly RecentMatch[] {
    return this.latest;
  }

  matched(tickets: readonly StoredTicket[], now: number): void {
    this.matches += 1;
    this.times.push(now);
    const [first] = tickets;
    push(this.latest, {
      ...(first?.mode !== undefined && { mode: first.mode }),
      at: now,
      waitedMs: tickets.map(({ since }) => now - since),
    });
    const ratings = tickets.flatMap(({ players }) => players.flatMap(({ rating }) => rating?.mu ?? []));
    if (ratings.length > 1) push(this.spreads, Math.max(...ratings) - Math.min(...ratings));
  }

  /** @param waits the waiting times of all tickets in the queue, in ms */
  report(waits: readonly number[], now: number): Omit<QueueReport, 'game' | 'runner' | 'tickets' | 'players' | 'paused' | 'byMode'> {
    this.times = this.times.filter((at) => now - at < MINUTE_MS);
    const matched = this.latest.flatMap(({ waitedMs }) => waitedMs);
    return {
      waitingP50Ms: percentile(waits, 0.5),
      waitingP95Ms: percentile(waits, 0.95),
      matchedP50Ms: percentile(matched, 0.5),
      matchedP95Ms: percentile(matched, 0.95),
      matchesPerMinute: this.times.length,
      matches: this.matches,
      ratingSpread: percentile(this.spreads, 0.5),
      roundMs: Math.round(this.roundMs),
    };
  }
}

function push<Value>(list: Value[], value: Value): void {
  list.push(value);
  if (list.length > RECENT_MATCHES) list.shift();
}

function percentile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!);
}
