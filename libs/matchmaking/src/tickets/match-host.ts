import type { MatchRules, RoomId } from '#libs/protocol';
import type { MatchExplanation } from '../strategy/match-strategy.js';
import type { OpenRoom } from '../strategy/ticket.js';
import type { MatchRecord } from './match-record.js';
import type { StoredTicket } from './stored-ticket.js';
import type { TicketEnd } from './ticket-store.js';

/** Port: the operations of the lobby that the rounds need. Each method must be idempotent, because another lobby can repeat the call. */
export abstract class MatchHost {
  abstract rulesOf(game: string): MatchRules | null;

  abstract newRoomId(): RoomId;

  /**
   * Returns at most a few hundred rooms that matchmaking may fill. If there are more rooms, each call continues after the rooms of the last
   * call, so that every open room is returned at some time. The caller of this method sets `since`.
   */
  abstract openRooms(game: string, rules: MatchRules): Promise<readonly OpenRoom[]>;

  /**
   * Makes the room of a match. In a backfill, puts the players of the match into an existing room. Idempotent. Tickets that cannot play
   * return to the queue.
   *
   * @param committedAt a time before the commit, in ms of the monotonic clock; undefined for a match of a lobby that died
   */
  abstract make(match: MatchRecord, tickets: readonly StoredTicket[], committedAt?: number): Promise<unknown>;

  /** Asks the players of a match to accept the match. */
  abstract offer(match: MatchRecord, tickets: readonly StoredTicket[], acceptMs: number): Promise<void>;

  /** Ends an offer whose time limit is over. */
  abstract lapse(match: MatchRecord): Promise<void>;

  /** Notifies the players of tickets that the tickets have ended. */
  abstract ended(tickets: readonly StoredTicket[], end: TicketEnd): Promise<void>;

  /** Sends the players of a ticket the reason why they wait. */
  abstract progress(ticket: StoredTicket, waitedMs: number, explanation: MatchExplanation | null): Promise<void>;

  /** Returns the party tickets whose players differ from the current members of the party's room. */
  abstract changedParties(tickets: readonly StoredTicket[]): Promise<readonly StoredTicket[]>;
}
