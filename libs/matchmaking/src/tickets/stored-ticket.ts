import { createHash, randomUUID } from 'node:crypto';
import type { AttributeWish, RequestOrder, RoomId, RoomOptions, ServerId, SessionId, UserId } from '#libs/protocol';
import type { MatchPlayer, Ticket } from '../strategy/ticket.js';

/** A player of a ticket, with the request by which the player joined the search. */
export interface TicketPlayer extends MatchPlayer {
  /** The request order of the search. A match puts the player into its room only if the player has sent no later request. */
  readonly asked?: RequestOrder;
  /** The session of the search request. */
  readonly session?: SessionId;
  /** The gateway of the search request. The lobby sends messages to this gateway when the store does not know the player's session. */
  readonly gateway?: ServerId;
}

/**
 * The highest format number of tickets that this build can read. A build that only adds fields keeps the number, because every build
 * preserves unknown fields. A build that changes the meaning of a field raises the number. Lobbies of earlier builds then do not match the
 * tickets of this build. All formats have the form `SINCE JSON` with `players[].user`, so that a lobby of any build can end the ticket for
 * a player.
 */
export const TICKET_FORMAT = 1;

/** A ticket in the form that Redis stores, without `since`. */
export interface TicketBody {
  /** The format number of the ticket. Default: 1. */
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
  /** The waiting room of the party. The members of the party return to this room when a match fails. */
  readonly party?: RoomId;
}

/** A ticket with `since`, in the form that lobbies use. */
export interface StoredTicket extends TicketBody, Ticket {
  readonly players: readonly TicketPlayer[];
}

/** Returns the id of the ticket of a request. A repeated request gets the same id, so that it adds no second ticket. */
export function ticketIdOf(game: string, user: UserId, asked: RequestOrder | undefined): string {
  if (!asked) return randomUUID();
  return createHash('sha256').update(`${game} ${user} ${asked.turn} ${asked.number}`).digest('base64url').slice(0, 16);
}

/** Parses `SINCE JSON`. Null: a lobby of a later build has stored the ticket in a format that this build cannot read. */
export function parseTicket(text: string): StoredTicket | null {
  const space = text.indexOf(' ');
  const since = Number(text.slice(0, space));
  const body = parsedOrNull(text.slice(space + 1)) as Partial<TicketBody> | null;
  if (space < 1 || !Number.isFinite(since) || typeof body !== 'object' || body === null) return null;
  const { id, game, players, format = TICKET_FORMAT } = body;
  if (format > TICKET_FORMAT || typeof id !== 'string' || typeof game !== 'string' || !Array.isArray(players)) return null;
  // Adds `since` to the parsed object itself. In Node 20, a spread with a further field would create a separate hidden class for each
  // object, and rounds with many tickets would be slow.
  return Object.assign(body as TicketBody, { since });
}

/** Parses several tickets. Skips tickets that this build cannot read. */
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

/** Returns the JSON of a ticket, without `since`. */
export function ticketJson({ since: _, ...body }: TicketBody & { readonly since?: number }): string {
  return JSON.stringify(body);
}
