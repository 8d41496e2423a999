import { createHash, randomUUID } from 'node:crypto';
import type { AttributeWish, RequestOrder, RoomId, RoomOptions, ServerId, SessionId, UserId } from '#libs/protocol';
import type { MatchPlayer, Ticket } from '../strategy/ticket.js';

/** A player of a ticket, with the request that put the player into it. */
export interface TicketPlayer extends MatchPlayer {
  /** A match takes the player into its room only if the player has made no later request. */
  readonly asked?: RequestOrder;
  /** The session and the gateway of that request. The lobby sends messages there when the store does not know the player's session. */
  readonly session?: SessionId;
  readonly gateway?: ServerId;
}

/** A ticket as Redis stores it, without its time. */
export interface TicketBody {
  readonly id: string;
  readonly game: string;
  readonly players: readonly TicketPlayer[];
  readonly mode?: string;
  readonly options?: RoomOptions;
  readonly region?: string;
  readonly regions?: Readonly<Record<string, number>>;
  readonly attributes?: Readonly<Record<string, AttributeWish>>;
  readonly priority?: number;
  /** The waiting room of a party, to which its members return when a match fails. */
  readonly party?: RoomId;
}

/** A ticket with its time, as lobbies use it. */
export interface StoredTicket extends TicketBody, Ticket {
  readonly players: readonly TicketPlayer[];
}

/** Returns the id of the ticket of a request. A repeated request gets the same id, so it adds no second ticket. */
export function ticketIdOf(game: string, user: UserId, asked: RequestOrder | undefined): string {
  if (!asked) return randomUUID();
  return createHash('sha256').update(`${game} ${user} ${asked.turn} ${asked.number}`).digest('base64url').slice(0, 16);
}

/** Parses `SINCE JSON`. */
export function parseTicket(text: string): StoredTicket {
  const space = text.indexOf(' ');
  return { ...(JSON.parse(text.slice(space + 1)) as TicketBody), since: Number(text.slice(0, space)) };
}

/** Returns the JSON of a ticket, which does not contain its time. */
export function ticketJson({ since: _, ...body }: TicketBody & { readonly since?: number }): string {
  return JSON.stringify(body);
}
