import { Extension, type MatchQueueView, MatchStrategy, type ProposedMatch, type Ticket } from '@holdfast/server/ports';
import { Injectable } from '@nestjs/common';

/** Makes matches of single players in the order of their searches, and considers only the mode. */
@Injectable()
@Extension(MatchStrategy)
export class OldestFirst extends MatchStrategy {
  override *match({ tickets, rules }: MatchQueueView): Iterable<ProposedMatch> {
    const waiting = new Map<string, Ticket[]>();
    for (const ticket of [...tickets].sort((a, b) => a.since - b.since)) {
      if (ticket.players.length > 1) continue;
      const group = waiting.get(ticket.mode ?? '') ?? [];
      group.push(ticket);
      waiting.set(ticket.mode ?? '', group);
      if (group.length === rules.seats.max) yield { tickets: group.splice(0) };
    }
  }
}
