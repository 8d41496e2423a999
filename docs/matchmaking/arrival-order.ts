import { Extension, type MatchQueueView, MatchStrategy, type ProposedMatch, type Ticket } from '@holdfast/server/ports';
import { Injectable } from '@nestjs/common';

/** Matches single players in the order in which they came, whatever their ratings are. */
@Injectable()
@Extension(MatchStrategy)
export class ArrivalOrder extends MatchStrategy {
  *match({ tickets, rules }: MatchQueueView): Iterable<ProposedMatch> {
    const players = rules.seats.min;
    let waiting: Ticket[] = [];
    for (const ticket of [...tickets].sort((a, b) => a.since - b.since)) {
      if (ticket.players.length > 1) continue;
      waiting.push(ticket);
      if (waiting.length < players) continue;
      yield { tickets: waiting };
      waiting = [];
    }
  }
}
