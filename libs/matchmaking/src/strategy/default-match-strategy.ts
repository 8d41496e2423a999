import { rulesOfMode } from '#libs/protocol';
import { type MatchQueueView, MatchStrategy, type ProposedMatch } from './match-strategy.js';
import type { Ticket } from './ticket.js';

/** First come, first served, until the default rule exists. */
export class DefaultMatchStrategy extends MatchStrategy {
  *match({ tickets, rules }: MatchQueueView): Iterable<ProposedMatch> {
    const waiting = new Map<string, Ticket[]>();
    for (const ticket of [...tickets].sort((a, b) => a.since - b.since || (a.id < b.id ? -1 : 1))) {
      const min = rulesOfMode(rules, ticket.mode)?.seats.min;
      if (min === undefined || ticket.players.length > 1) continue;
      const key = JSON.stringify([ticket.mode, ticket.options]);
      const group = waiting.get(key) ?? [];
      group.push(ticket);
      waiting.set(key, group);
      if (group.length < min) continue;
      waiting.delete(key);
      yield { tickets: group };
    }
  }
}
