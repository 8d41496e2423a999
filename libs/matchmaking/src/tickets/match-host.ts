import type { MatchRules, RoomId } from '#libs/protocol';
import type { MatchExplanation } from '../strategy/match-strategy.js';
import type { OpenRoom } from '../strategy/ticket.js';
import type { MatchRecord } from './match-record.js';
import type { StoredTicket } from './stored-ticket.js';
import type { TicketEnd } from './ticket-store.js';

/**
 * Port: the operations of the lobby that the rounds use. Each method may be called again for the same match or ticket, also by another
 * lobby.
 */
export abstract class MatchHost {
  /** The rules of the game. Null: no server offers the game now. */
  abstract rulesOf(game: string): MatchRules | null;

  abstract newRoomId(): RoomId;

  /**
   * Returns the rooms that matchmaking may fill, at most some hundred. If there are more, each call continues after the rooms of the last
   * call, so that every open room is returned at some time. The rounds set `since`.
   */
  abstract openRooms(game: string, rules: MatchRules): Promise<readonly OpenRoom[]>;

  /**
   * Makes the room of a match, or in a backfill takes the tickets of the match into an existing room. Idempotent. Tickets that cannot play
   * return to the queue.
   *
   * @param committedAt a time before the commit, in ms of the monotonic clock; absent for a match of a lobby that died
   */
  abstract make(match: MatchRecord, tickets: readonly StoredTicket[], committedAt?: number): Promise<unknown>;

  /** Notifies the players of a match that they may accept it. */
  abstract offer(match: MatchRecord, tickets: readonly StoredTicket[], acceptMs: number): Promise<void>;

  /** Ends an offer whose time is over. */
  abstract lapse(match: MatchRecord): Promise<void>;

  /** Notifies the players of tickets that the tickets have ended. */
  abstract ended(tickets: readonly StoredTicket[], end: TicketEnd): Promise<void>;

  /** Sends the players of a ticket the reason why they wait. */
  abstract progress(ticket: StoredTicket, waitedMs: number, explanation: MatchExplanation | null): Promise<void>;

  /** Returns the tickets of parties whose room has other members than the ticket. */
  abstract changedParties(tickets: readonly StoredTicket[]): Promise<readonly StoredTicket[]>;
}
