import { Injectable } from '@nestjs/common';
import type { Control, MatchMessage } from '#libs/protocol';
import type { TicketHint } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { SEARCH_CHECK_MS, SEARCH_CHECKS_AT_ONCE } from '../edge.options.js';
import { LobbyRouter } from '../lobby/lobby-router.js';
import { SessionRooms } from '../room/session-rooms.js';
import type { GatewaySession } from '../session/gateway-session.js';
import { SessionTable } from '../session/session-table.js';

/**
 * Passes messages about searches to players. A message may be lost, so the gateway periodically compares the searches of its sessions with
 * the tickets in the store, and sends missed messages. The comparison also marks the player of the ticket as connected.
 */
@Injectable()
export class SearchChecks {
  constructor(
    private readonly table: SessionTable,
    private readonly lobbies: LobbyRouter,
    private readonly rooms: SessionRooms,
    private readonly log: Log,
  ) {}

  /** Sends a message about a search to the player. Records in the session that the ticket exists or has ended. */
  take(session: GatewaySession, message: MatchMessage): void {
    const { ticket, game, event } = message;
    const isWaiting = event === 'searching' || event === 'offered';
    // Ignores a late message about a ticket that has ended. Two lobbies can send messages about one ticket, and the messages can arrive in
    // any order.
    if (isWaiting && session.endedTicket === ticket) return;
    if (isWaiting) this.note(session, { ticket, game });
    else this.end(session, ticket);
    session.send(message);
  }

  /** Sends the player the room of a match, unless the answer to the search has already contained the room. */
  matched(session: GatewaySession, { ticket, game, room }: TicketHint & Pick<Extract<MatchMessage, { event: 'matched' }>, 'room'>): void {
    const isKnown = session.ticket?.ticket === ticket;
    this.end(session, ticket);
    if (isKnown) session.send({ kind: 'match', game, ticket, event: 'matched', room });
  }

  /**
   * Compares the search of a session with its ticket right after an admission. `hint`: the ticket of the user in the store, which may be
   * outdated.
   */
  admitted(session: GatewaySession, hint: TicketHint | null): void {
    if (hint) session.ticket = { ...hint, checkedAt: performance.now() };
    if (session.ticket) void this.check([session]);
  }

  /** Compares the searches whose last comparison is at least `SEARCH_CHECK_MS` ago. The gateway calls this method once a second. */
  maintain(now: number): void {
    const due: GatewaySession[] = [];
    for (const session of this.table.all()) {
      const { ticket, connection } = session;
      if (!ticket || !connection || now - ticket.checkedAt < SEARCH_CHECK_MS) continue;
      session.ticket = { ...ticket, checkedAt: now };
      due.push(session);
      if (due.length === SEARCH_CHECKS_AT_ONCE) break;
    }
    if (due.length > 0) void this.check(due);
  }

  /**
   * Returns whether the store has lost the ticket of a session. If the store has the ticket, sends the player a missed message about it.
   *
   * @throws the error of the lobby
   */
  async isLost(session: GatewaySession): Promise<boolean> {
    const hint = session.ticket;
    if (!hint) return false;
    // A lobby of an earlier version does not report the id of the ticket. Without the id, the gateway cannot find the ticket and treats it
    // as lost.
    if (hint.ticket === '') return true;
    const [message] = await this.messagesFor([{ session, hint }]);
    if (message?.event === 'expired' && message.reason === 'lost') return true;
    this.passOn(session, hint, message);
    return false;
  }

  private note(session: GatewaySession, hint: TicketHint): void {
    if (session.ticket?.ticket !== hint.ticket) session.ticket = { ...hint, checkedAt: performance.now() };
  }

  private end(session: GatewaySession, ticket: string): void {
    session.endedTicket = ticket;
    if (session.ticket?.ticket === ticket || session.ticket === null) {
      session.ticket = null;
      session.search = null;
    }
  }

  private async check(sessions: readonly GatewaySession[]): Promise<void> {
    const searching = sessions.map((session) => ({ session, hint: session.ticket! }));
    try {
      const messages = await this.messagesFor(searching);
      for (const [index, { session, hint }] of searching.entries()) this.passOn(session, hint, messages[index]);
    } catch (error) {
      this.log.debug('search-check.failed', { searches: searching.length, error });
    }
  }

  private async messagesFor(
    searching: readonly { readonly session: GatewaySession; readonly hint: TicketHint }[],
  ): Promise<readonly (MatchMessage | null)[]> {
    const searches = searching.map(({ session, hint: { game, ticket } }) => ({
      user: session.user,
      game,
      ticket,
      asked: session.nextRequestOrder(),
    }));
    return ((await this.lobbies.request('match.check', { searches })) as Control['match.check']['answer']).messages;
  }

  /** Passes a message of a check to the player, unless the ticket has ended or was replaced during the check. */
  private passOn(session: GatewaySession, { ticket }: TicketHint, message: MatchMessage | null | undefined): void {
    if (!message || session.isOver || session.ticket?.ticket !== ticket) return;
    this.take(session, message);
    // The notice that binds the session to the room of the match was also lost. The message has no revision of the room, so the binding
    // accepts any record (revision 0).
    if (message.event === 'matched') this.rooms.bindMatch(session, { room: message.room, watching: false, rev: 0 });
  }
}
