import { Injectable } from '@nestjs/common';
import { type TicketEnd, TicketStore, type UserTicket } from '#libs/matchmaking';
import type { RequestOrder, RoomId, UserId } from '#libs/protocol';
import { UserRooms } from '#libs/room-store';
import { DissolvedMatches } from './dissolved-matches.js';
import { MatchNotifier } from './match-notifier.js';

/** Finds, ends and updates the ticket of a user in any game. */
@Injectable()
export class UserTickets {
  constructor(
    private readonly store: TicketStore,
    private readonly userRooms: UserRooms,
    private readonly notifier: MatchNotifier,
    private readonly dissolved: DissolvedMatches,
  ) {}

  /** Returns the game for which the user searches, also while the room of a match is made. Null: the user is not searching. */
  async gameOf(user: UserId): Promise<string | null> {
    const hint = await this.userRooms.ticketOf(user);
    return hint && (await this.store.has(hint.game, user)) ? hint.game : null;
  }

  /** Returns the ticket of the user together with its state. */
  async of(user: UserId): Promise<Exclude<UserTicket, { state: 'none' | 'foreign' }> | null> {
    const hint = await this.userRooms.ticketOf(user);
    const found = hint && (await this.store.ofUser(hint.game, user));
    return found && found.state !== 'none' && found.state !== 'foreign' ? found : null;
  }

  /**
   * Ends the ticket of the user if it is not newer than `order`, and notifies the other members of a party. Without `order`, ends a ticket
   * of any age. An offered match fails at once, so that its other players do not wait for an answer. Does not end a ticket whose room is
   * being made. The request order then decides whether the user enters the room.
   *
   * @param but a room whose party keeps its ticket, because the user is already in this room
   * @returns whether a waiting ticket has ended
   */
  async end(user: UserId, order: RequestOrder | undefined, end: TicketEnd, but?: RoomId): Promise<boolean> {
    const hint = await this.userRooms.ticketOf(user);
    if (!hint) return false;
    if (but !== undefined) {
      const found = await this.store.ofUser(hint.game, user);
      if ((found.state === 'waiting' || found.state === 'matched') && found.ticket.party === but) return false;
    }
    const cancelled = await this.store.cancel(hint.game, user, order, end);
    // The ticket stays in its match until the match is made or fails. Meanwhile the user must count as not searching, so `UserRooms`
    // forgets the ticket.
    if (cancelled.outcome === 'held' && cancelled.ticket === hint.ticket) await this.userRooms.forgetTicket(user, hint);
    if (cancelled.outcome === 'held') await this.leaveOffer(hint.game, cancelled.match, user, end);
    if (cancelled.outcome !== 'ended') return false;
    if (cancelled.ticket) await this.notifier.endedForOthers(cancelled.ticket, user, end);
    return true;
  }

  private async leaveOffer(game: string, id: RoomId, user: UserId, end: TicketEnd): Promise<void> {
    const match = await this.store.matchOf(game, id);
    if (match?.stage === 'offered') await this.dissolved.failOffer(match, (one) => one === user, { end, isTold: (one) => one !== user });
  }

  /**
   * Stores whether the user has a connection. A ticket pauses while one of its users is away. Returns false when the user has no ticket.
   */
  async setPresence(user: UserId, order: RequestOrder | undefined, isHere: boolean): Promise<boolean> {
    const hint = await this.userRooms.ticketOf(user);
    return hint !== null && (await this.store.setPresence(hint.game, user, order, isHere)) !== null;
  }
}
