import type { MatchRules, RoomId, UserId } from '#libs/protocol';
import type { OpenRoom, Ticket } from './ticket.js';

/** The whole queue of one game at one time: the input of a strategy. */
export interface MatchQueueView {
  readonly game: string;
  readonly rules: MatchRules;
  /** Store time in ms. */
  readonly now: number;
  /** All waiting tickets, in any order, without the tickets of offered matches. */
  readonly tickets: Iterable<Ticket>;
  readonly rooms: readonly OpenRoom[];
  /** The latest matches of this game, for estimates. Undefined: no match is known. */
  readonly recent?: readonly RecentMatch[];
}

/** A past match, for estimates of the waiting time. */
export interface RecentMatch {
  readonly mode?: string;
  /** Store time of the match, in ms. */
  readonly at: number;
  /** The waiting time of each ticket of the match, in ms. */
  readonly waitedMs: readonly number[];
}

/** A match that a strategy proposes: whole tickets that play together. */
export interface ProposedMatch {
  readonly tickets: readonly Ticket[];
  /** The users of the tickets by team, in a mode with teams. In a backfill, the teams have the order of the room's teams. */
  readonly teams?: readonly (readonly UserId[])[];
  readonly region?: string;
  /** The room that these tickets join (backfill). Undefined: a new room. */
  readonly room?: RoomId;
  /** Number of bots to add. Default: 0. */
  readonly bots?: number;
}

/** The reason why a ticket still waits, with the numbers that explain it. */
export interface MatchExplanation {
  /** Position in the order of service among the tickets of the same mode and options, from 1. */
  readonly place: number;
  /** Number of tickets with the same mode and options. */
  readonly waiting: number;
  /** The largest difference of ratings that the ticket accepts now, in points. Undefined: it accepts any difference. */
  readonly window?: number;
  /** The highest latency that the ticket accepts now, in ms. Undefined: it accepts any latency. */
  readonly latencyMs?: number;
  /** Expected remaining waiting time in ms, estimated from recent matches. Undefined: there is no estimate. */
  readonly estimateMs?: number;
  /** Number of other players who could be in a match with this ticket now, at most `needed`. */
  readonly found: number;
  /** Number of other players that a match with this ticket needs now. */
  readonly needed: number;
  /** One sentence for the player, such as "3 players within 150 points, 4 needed." */
  readonly reason: string;
}

/**
 * Port: the rule that makes matches of waiting tickets. It is pure: the result depends only on the `MatchQueueView`. A strategy may cache
 * derived data between calls, such as a sorted order, if the cache does not change the result. To replace the default strategy, mark a
 * provider with `@Extension(MatchStrategy)`, the same on every lobby. See `docs/matchmaking.md`.
 *
 * A wrong strategy cannot corrupt the queue. The lobby refuses a match with an unknown ticket, a repeated ticket or too many players. A
 * script removes either all tickets of a match from the queue, or no ticket.
 */
export abstract class MatchStrategy {
  /**
   * Proposes matches, most urgent first. The lobby may stop the iteration at any point. The tickets of uncommitted matches are in the next
   * `MatchQueueView` again.
   */
  abstract match(queue: MatchQueueView): Iterable<ProposedMatch>;

  /** Returns the reason why a ticket waits. Without this method, the lobby sends only the waiting time of the ticket. */
  explain?(ticket: Ticket, queue: MatchQueueView): MatchExplanation;
}
