import { createHash, randomUUID } from 'node:crypto';
import type { AttributeWish, RequestOrder, RoomId, RoomOptions, ServerId, SessionId, UserId } from '#libs/protocol';
import type { MatchPlayer, Ticket } from '../strategy/ticket.js';

/** A player of a ticket, with the request that put the player into it. */
export interface TicketPlayer extends MatchPlayer {
  /** A match takes the player into its room only if the player has made no later request. */
  readonly asked?: RequestOrder;
  /**
   * The session and the gateway of that request. The lobby sends messages to this gateway when the store does not know the player's
   * session.
   */
  readonly session?: SessionId;
  readonly gateway?: ServerId;
}

/**
 * The highest format of tickets that this build reads. A build that only adds fields keeps the format: other builds keep fields that they do not
 * know. A build that changes the meaning of a field raises the format, and lobbies of earlier builds leave its tickets alone. All formats have
 * the form `SINCE JSON` with `players[].user`, so a player can end the ticket at a lobby of any build.
 */
export const TICKET_FORMAT = 1;

/** A ticket as Redis stores it, without its time. */
export interface TicketBody {
  /** The format of the ticket. Absent: 1. */
  readonly format?: number;
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

/** Parses `SINCE JSON`. Null: a lobby of a later build has stored the ticket in a format that this build does not read. */
export function parseTicket(text: string): StoredTicket | null {
  const space = text.indexOf(' ');
  const since = Number(text.slice(0, space));
  const body = parsedOrNull(text.slice(space + 1)) as Partial<TicketBody> | null;
  if (space < 1 || !Number.isFinite(since) || typeof body !== 'object' || body === null) return null;
  const { id, game, players, format = TICKET_FORMAT } = body;
  if (format > TICKET_FORMAT || typeof id !== 'string' || typeof game !== 'string' || !Array.isArray(players)) return null;
  return { ...(body as TicketBody), since };
}

/** Parses several tickets. Leaves out those that this build does not read. */
export function readableTickets(texts: readonly string[]): StoredTicket[] {
  return texts.flatMap((text) => parseTicket(text) ?? []);
}

function parsedOrNull(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

/** Returns the JSON of a ticket, which does not contain its time. */
export function ticketJson({ since: _, ...body }: TicketBody & { readonly since?: number }): string {
  return JSON.stringify(body);
}
