import { DefaultMatchStrategy, type MatchQueueView, type Ticket } from '#libs/matchmaking';
import { type MatchRules, matchRules } from '#libs/protocol';

/** Players of a match in the comparison: the default of Colyseus' QueueRoom. */
export const MATCH_PLAYERS = 4;

/** The rates of players who come, in players per second. */
export const RATES = [0.2, 1, 5, 25] as const;

/** The names of the rules, in the order of the results. */
export const QUEUE_RULE_NAMES = ['Holdfast', 'first come, first served', 'QueueRoom', 'QueueRoom within 100'] as const;

/** A rule that makes matches once a second. */
export interface QueueRule {
  readonly name: string;
  /** Returns the matches of this round. The tickets are those that wait, in the order in which they came. */
  round(waiting: readonly Ticket[], now: number): Iterable<readonly Ticket[]>;
}

export function defaultRule(): QueueRule {
  const strategy = new DefaultMatchStrategy();
  const rules: MatchRules = matchRules({ min: MATCH_PLAYERS, max: MATCH_PLAYERS }, { rating: true });
  return {
    name: 'Holdfast',
    *round(tickets, now) {
      const view: MatchQueueView = { game: 'bench', rules, now, tickets, rooms: [] };
      for (const match of strategy.match(view)) yield match.tickets;
    },
  };
}

export function firstComeRule(): QueueRule {
  return {
    name: 'first come, first served',
    *round(waiting) {
      for (let first = 0; first + MATCH_PLAYERS <= waiting.length; first += MATCH_PLAYERS)
        yield waiting.slice(first, first + MATCH_PLAYERS);
    },
  };
}

/** After this number of rounds, QueueRoom puts a client into any group (`maxWaitingCyclesForPriority`). */
const PRIORITY_ROUNDS = 10;

/**
 * The rule of Colyseus' QueueRoom (packages/core/src/rooms/QueueRoom.ts), written again from its description: in each round the waiting
 * clients are sorted by rank and put one after another into the current group. A client whose rank is not compatible with the average of
 * the group begins another group, unless it has waited for ten rounds. A full group is a match; all others are dissolved at the end of the
 * round.
 *
 * @param isCompatible whether a rank fits the average of a group
 */
export function queueRoomRule(name: string, isCompatible: (rank: number, average: number) => boolean): QueueRule {
  const rounds = new Map<string, number>();
  return {
    name,
    *round(waiting) {
      const sorted = [...waiting].sort((a, b) => rankOf(a) - rankOf(b));
      let group: Ticket[] = [];
      let total = 0;
      for (const ticket of sorted) {
        const seen = rounds.get(ticket.id) ?? 0;
        rounds.set(ticket.id, seen + 1);
        const rank = rankOf(ticket);
        if (group.length > 0 && seen <= PRIORITY_ROUNDS && !isCompatible(rank, total / group.length)) {
          group = [];
          total = 0;
        }
        group.push(ticket);
        total += rank;
        if (group.length < MATCH_PLAYERS) continue;
        for (const { id } of group) rounds.delete(id);
        yield group;
        group = [];
        total = 0;
      }
    },
  };
}

/** The default of QueueRoom: a difference below 10, or of at most twice the average. */
export function isCompatibleByDefault(rank: number, average: number): boolean {
  const difference = Math.abs(rank - average);
  return difference < 10 || difference / average <= 2;
}

/** A rule that a game could set: at most 100 points, as the first window of the default strategy. */
export function isWithin100(rank: number, average: number): boolean {
  return Math.abs(rank - average) <= 100;
}

function rankOf({ players }: Ticket): number {
  return players[0].rating!.mu;
}
