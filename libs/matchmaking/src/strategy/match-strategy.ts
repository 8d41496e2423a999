import type { MatchRules, RoomId, UserId } from '#libs/protocol';
import type { OpenRoom, Ticket } from './ticket.js';

/** The whole queue of one game at one time, as a strategy sees it. */
export interface MatchQueueView {
  readonly game: string;
  readonly rules: MatchRules;
  /** Store time in ms. */
  readonly now: number;
  /** All waiting tickets, in any order. Tickets that are offered a match are not among them. */
  readonly tickets: Iterable<Ticket>;
  readonly rooms: readonly OpenRoom[];
  /** The latest matches of this game, for estimates. Absent: none are known. */
  readonly recent?: readonly RecentMatch[];
}

/** A match of the past, for estimates. */
export interface RecentMatch {
  readonly mode?: string;
  /** Store time of the match, in ms. */
  readonly at: number;
  /** Times for which the tickets of the match had waited, in ms. */
  readonly waitedMs: readonly number[];
}

/** A match that a strategy proposes: whole tickets that play together. */
export interface ProposedMatch {
  readonly tickets: readonly Ticket[];
  /** The users of the tickets by team, in a mode with teams. In a backfill, the teams have the order of the room's teams. */
  readonly teams?: readonly (readonly UserId[])[];
  readonly region?: string;
  /** Backfill: the room that these tickets join. Absent: a new room. */
  readonly room?: RoomId;
  /** Number of bots to add. Absent: none. */
  readonly bots?: number;
}

/** The explanation of why a ticket still waits. */
export interface MatchExplanation {
  /** Position in the order of service among the tickets of the same mode and options, from 1. */
  readonly place: number;
  /** Number of tickets with the same mode and options. */
  readonly waiting: number;
  /** Allowed difference of ratings now, in points. Absent: any. */
  readonly window?: number;
  /** Allowed latency now, in ms. Absent: any. */
  readonly latencyMs?: number;
  /** Expected remaining time, in ms, from recent matches. Absent: nothing is known. */
  readonly estimateMs?: number;
  /** Number of other players who could be in a match with this ticket now; counted up to `needed`. */
  readonly found: number;
  /** Number of other players who are needed now. */
  readonly needed: number;
  /** One sentence for the player, such as "3 players within 150 points, 4 needed." */
  readonly reason: string;
}

/**
 * Port: the rule that makes matches of waiting tickets. It is pure: the result depends on the view only. A strategy may keep derived data
 * between calls, such as a sorted order, when the result is the same as without it.
 *
 * To replace the default rule, mark a provider with `@Extension(MatchStrategy)`, the same on every lobby. See `docs/matchmaking.md`.
 *
 * A strategy cannot break the queue. The lobby refuses a match with an unknown ticket, with a ticket twice or with too many players. A
 * script takes all tickets of a match out of the queue, or none.
 */
export abstract class MatchStrategy {
  /**
   * Proposes matches, the most urgent first. The lobby may stop iterating at any point. Tickets of matches that it did not commit are in the
   * next view again.
   */
  abstract match(queue: MatchQueueView): Iterable<ProposedMatch>;

  /** Returns why a ticket waits. Absent: the lobby sends only how long the ticket has waited. */
  explain?(ticket: Ticket, queue: MatchQueueView): MatchExplanation;
}
