import { Injectable } from '@nestjs/common';
import { type MatchRecord, type StoredTicket, type TicketEnd, type TicketPlayer, TicketStore } from '#libs/matchmaking';
import type { UserId } from '#libs/protocol';
import { UserRooms } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { DECLINES_FORGOTTEN_MS } from './lobby.options.js';
import { MatchNotifier } from './match-notifier.js';

/** The consequences of a failed offer for the players who caused the failure. */
export interface FailedOffer {
  /** The event and the reason with which the tickets of the players who caused the failure end. Undefined: the reason is `declined`. */
  readonly end?: TicketEnd;
  /** Returns whether a player gets a message about the end. A player whose own request ended the offer needs no message. */
  readonly isTold?: (user: UserId) => boolean;
}

const DECLINED: TicketEnd = { event: 'cancelled', reason: 'declined' };

/** Dissolves matches that fail. Their tickets return to the queue or end, and their players are notified. */
@Injectable()
export class DissolvedMatches {
  constructor(
    private readonly tickets: TicketStore,
    private readonly userRooms: UserRooms,
    private readonly notifier: MatchNotifier,
    private readonly log: Log,
  ) {}

  /**
   * Ends an offer at once. Ends the tickets of the players who caused the failure, and returns all other tickets to the queue. Idempotent.
   */
  async failOffer(
    match: MatchRecord,
    isToBlame: (user: UserId) => boolean,
    { end = DECLINED, isTold = () => true }: FailedOffer = {},
  ): Promise<void> {
    const tickets = await this.tickets.read(match.game, match.tickets);
    const isBlamed = ({ players }: StoredTicket): boolean => players.some(({ user }) => isToBlame(user));
    const blamed = tickets.flatMap(({ players }) => players.filter(({ user }) => isToBlame(user)));
    await this.giveBack(match, tickets, (ticket) => (isBlamed(ticket) ? end : null), {
      stage: 'offered',
      isTold,
      // Counts the declines before it notifies the players, because a notified player may search again at once.
      dissolved: async () => {
        this.log.info('match.declined', { roomId: match.id, declined: blamed.length });
        await Promise.all(blamed.map(({ user }) => this.tickets.countDecline(match.game, user, DECLINES_FORGOTTEN_MS)));
      },
    });
  }

  /**
   * Gives the tickets of a match back to the queue, or ends them, and notifies their players.
   *
   * @param stage acts only on a match in this stage; undefined: on a match in any stage
   * @param dissolved called when the match is dissolved, before the players are notified
   */
  async giveBack(
    match: Pick<MatchRecord, 'id' | 'game'>,
    tickets: readonly StoredTicket[],
    endOf: (ticket: StoredTicket) => TicketEnd | null,
    {
      stage = '',
      isTold = () => true,
      dissolved,
    }: { readonly stage?: MatchRecord['stage'] | ''; readonly isTold?: (user: UserId) => boolean; dissolved?(): Promise<void> } = {},
  ): Promise<void> {
    const ends = tickets.map((ticket) => {
      const end = endOf(ticket);
      return { ticket: end === null ? { ...ticket, priority: (ticket.priority ?? 0) + 1 } : ticket, end };
    });
    // Stores the ticket of each user in `UserRooms` again, because `enterMatch` has removed it from there. This write happens before the
    // tickets return to the queue, so that a lobby can always find the ticket of a user.
    await Promise.all(
      ends.flatMap(({ ticket: { id, game, players }, end }) =>
        end ? [] : players.map(({ user, asked }) => this.userRooms.noteTicket(user, { ticket: id, game }, asked)),
      ),
    );
    const returned = await this.tickets.dissolve(match, ends, stage);
    // Another lobby has already made the room of the match or dissolved the match.
    if (returned === null) return;
    await dissolved?.();
    await Promise.all(
      ends.map(async ({ ticket, end }, index) => {
        if (end) return this.notifier.ended({ ...ticket, players: ticket.players.filter(({ user }) => isTold(user)) }, end);
        if (!returned[index]) return;
        // The session of a player may have ended while the ticket was in the match. The departure found no waiting ticket then, so the
        // ticket ends here.
        const gone: TicketEnd = { event: 'cancelled', reason: 'party-changed' };
        let hasEnded = false;
        for (const { user, asked } of ticket.players) {
          if (!(await this.isLate({ user, asked }))) continue;
          // Ends only this ticket, because the user possibly searches with another ticket already.
          for (const ended of await this.tickets.end(ticket.game, [{ id: ticket.id }], gone)) {
            hasEnded = true;
            await this.notifier.endedForOthers(ended, user, gone);
          }
        }
        if (!hasEnded) await this.notifier.tell(ticket, { event: 'searching', returned: true });
      }),
    );
  }

  private async isLate({ user, asked }: Pick<TicketPlayer, 'user' | 'asked'>): Promise<boolean> {
    return asked !== undefined && (await this.userRooms.moveStatus(user, { asked, outlivesAdmissions: true })).isLate;
  }
}
