import { Injectable } from '@nestjs/common';
import type { StoredTicket, TicketEnd, TicketPlayer } from '#libs/matchmaking';
import type { MatchMessage, UserId } from '#libs/protocol';
import type { RoomRecord } from '#libs/room-store';
import { SessionNotices, SessionStore } from '#libs/session';

/** A `match` message without the fields that name the ticket. */
export type MatchEvent = MatchMessage extends infer Message
  ? Message extends MatchMessage
    ? Omit<Message, 'kind' | 'game' | 'ticket'>
    : never
  : never;

/**
 * Sends `match` messages to the players of tickets, at most once. A message can be lost, so gateways also request the state of tickets
 * (`match.check`).
 */
@Injectable()
export class MatchNotifier {
  constructor(
    private readonly notices: SessionNotices,
    private readonly sessions: SessionStore,
  ) {}

  /** Sends a message to all players of a ticket. */
  async tell({ id, game, players }: Pick<StoredTicket, 'id' | 'game' | 'players'>, event: MatchEvent): Promise<void> {
    const message = { kind: 'match', game, ticket: id, ...event } as MatchMessage;
    await Promise.all(players.map((player) => this.send(player, message).catch(ignore)));
  }

  async ended(ticket: Pick<StoredTicket, 'id' | 'game' | 'players'>, { event, reason }: TicketEnd): Promise<void> {
    await this.tell(ticket, { event, reason });
  }

  /** Notifies the players of a ticket about its end, except for the user whose request ended the ticket. */
  async endedForOthers(ticket: Pick<StoredTicket, 'id' | 'game' | 'players'>, user: UserId, end: TicketEnd): Promise<void> {
    const players = ticket.players.filter((player) => player.user !== user);
    if (players.length > 0) await this.ended({ ...ticket, players }, end);
  }

  /** Notifies the players of a ticket that they are in the room of their match. Their gateways then bind the sessions to this room. */
  async matched({ id, game, players }: StoredTicket, room: Pick<RoomRecord, 'id' | 'rev'>): Promise<void> {
    await Promise.all(
      players.map(async (player) => {
        const { gateway, session } = await this.whereIs(player);
        if (gateway === undefined) return;
        const { user } = player;
        await this.notices.send(gateway, {
          kind: 'bind',
          user,
          ...(session !== undefined && { session }),
          room: room.id,
          role: 'player',
          rev: room.rev,
          match: { game, ticket: id },
        });
      }),
    ).catch(ignore);
  }

  private async send(player: TicketPlayer, message: MatchMessage): Promise<void> {
    const { gateway, session } = await this.whereIs(player);
    const { user } = player;
    if (gateway === undefined) return;
    await this.notices.send(gateway, { kind: 'match', user, ...(session !== undefined && { session }), message });
  }

  /** Returns the current gateway of the player, which may have changed during the search. */
  private async whereIs({ user, session, gateway }: TicketPlayer): Promise<Pick<TicketPlayer, 'session' | 'gateway'>> {
    return (await this.sessions.find(user).catch(() => null)) ?? { session, gateway };
  }
}

/** Ignores errors, because gateways also request the state of tickets, so a lost message does no harm. */
function ignore(): void {}
