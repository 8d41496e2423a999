import type { Anchor } from './anchor.js';
import { latencyLimit } from './anchor.js';
import type { Ticket } from './ticket.js';

/**
 * Returns the region in which the maximum latency of the tickets is lowest. If no ticket has latencies, returns the first preferred region.
 * Undefined: the tickets prefer no region.
 */
export function bestRegion(tickets: readonly Ticket[], { room, rules, isOverdue }: Anchor, now: number): string | undefined {
  if (room?.region !== undefined) return room.region;
  const bound = tickets.filter(({ regions }) => regions !== undefined);
  if (bound.length === 0) return tickets.find(({ region }) => region !== undefined)?.region;
  let best: { region: string; worst: number; total: number } | undefined;
  for (const region of Object.keys(bound[0]!.regions!).sort()) {
    let worst = 0;
    let total = 0;
    for (const { regions, since } of bound) {
      const latency = regions![region] ?? Number.POSITIVE_INFINITY;
      const limit = isOverdue ? rules.latency.to : latencyLimit(rules, now - since);
      worst = Math.max(worst, latency <= limit ? latency : Number.POSITIVE_INFINITY);
      total += latency;
    }
    if (worst === Number.POSITIVE_INFINITY) continue;
    if (!best || worst < best.worst || (worst === best.worst && total < best.total)) best = { region, worst, total };
  }
  return best?.region;
}
