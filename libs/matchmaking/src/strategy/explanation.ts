import { anchorOfTicket, latencyLimit } from './anchor.js';
import { gather, playersOf } from './gathering.js';
import { getOrAdd } from './get-or-add.js';
import type { MatchExplanation, MatchQueueView, RecentMatch } from './match-strategy.js';
import { compareService } from './rating-list.js';
import type { Ticket } from './ticket.js';
import type { Entry, TicketIndex } from './ticket-index.js';

/** Minimum number of recently matched tickets from which a waiting time is estimated. */
const SAMPLES_MIN = 5;

/** Returns the reasons why a ticket waits. `index` contains the tickets of `queue`, before any match of this round. */
export function explain(ticket: Ticket, index: TicketIndex, queue: MatchQueueView, round: number): MatchExplanation {
  const entry = index.get(ticket);
  if (!entry)
    return {
      place: 0,
      waiting: 0,
      found: 0,
      needed: 0,
      reason: 'No match of this game can have these players: the mode or the party does not fit.',
    };
  const { rules, order } = entry.bucket;
  const waitedMs = queue.now - ticket.since;
  const anchor = anchorOfTicket(entry, queue.now, true);
  const gathered = gather(anchor, queue.now, round);
  const smallest = anchor.targets.at(-1) ?? [];
  const needed = smallest.reduce((total, free) => total + free, 0);
  const found = Math.min(playersOf(gathered.accepted), anchor.targets[0]?.reduce((total, free) => total + free, 0) ?? 0);
  const window = Number.isFinite(anchor.limit) ? Math.round(anchor.limit) : undefined;
  const latencyMs = ticket.regions && Math.round(latencyLimit(rules, waitedMs));
  const estimateMs = remainingMs(queue, ticket.mode, waitedMs);
  return {
    place: placeOf(entry, order),
    waiting: order.length,
    ...(window !== undefined && { window }),
    ...(latencyMs !== undefined && { latencyMs }),
    ...(estimateMs !== undefined && { estimateMs }),
    found,
    needed,
    reason: reasonOf({
      found,
      needed,
      window,
      latencyMs,
      isFit: gathered.fit !== null,
      fills: waitedMs < rules.fillMs && rules.seats.min < rules.seats.max,
    }),
  };
}

interface Facts {
  readonly found: number;
  readonly needed: number;
  readonly window: number | undefined;
  readonly latencyMs: number | undefined;
  readonly isFit: boolean;
  /** True: the ticket still waits for a match with the maximum number of players. */
  readonly fills: boolean;
}

function reasonOf({ found, needed, window, latencyMs, isFit, fills }: Facts): string {
  const players = found === 1 ? '1 player' : `${found} players`;
  const points = window === undefined ? '' : ` within ${window} points`;
  const latency = latencyMs === undefined ? '' : `${points === '' ? ' within' : ' and'} ${latencyMs} ms`;
  const which = `${players}${points}${latency}`;
  if (isFit) return `${which}: the next round makes the match.`;
  if (found < needed) return `${which}, ${needed} needed${fills ? ' for a full match' : ''}.`;
  return `${which}, but their parties do not fill the teams.`;
}

/** Returns the position of the ticket in the order of service, from 1. */
function placeOf(entry: Entry, order: readonly Entry[]): number {
  let [low, high] = [0, order.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareService(order[middle]!, entry) < 0) low = middle + 1;
    else high = middle;
  }
  return low + 1;
}

/** A cache of the sorted waiting times of recent matches, by list of matches and by mode. */
const waits = new WeakMap<readonly RecentMatch[], Map<string | undefined, readonly number[]>>();

/**
 * Returns an estimate of the remaining waiting time, in ms: the median waiting time of the recent tickets that waited longer than this
 * ticket, minus the time that this ticket has waited.
 */
function remainingMs({ recent }: MatchQueueView, mode: string | undefined, waitedMs: number): number | undefined {
  if (!recent) return undefined;
  const modes = getOrAdd(waits, recent, () => new Map<string | undefined, readonly number[]>());
  const sorted = getOrAdd(modes, mode, () => waitsOf(recent, mode));
  if (sorted.length < SAMPLES_MIN) return undefined;
  const longer = sorted.findIndex((ms) => ms > waitedMs);
  if (longer === -1) return undefined;
  return Math.round(sorted[longer + ((sorted.length - longer) >> 1)]! - waitedMs);
}

function waitsOf(recent: readonly RecentMatch[], mode: string | undefined): readonly number[] {
  return recent.flatMap((match) => (match.mode === mode ? match.waitedMs : [])).sort((a, b) => a - b);
}
