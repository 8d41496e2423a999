import type { RoomId, UserId } from './ids.js';
import type { MatchMessage, RoomView } from './messages.js';

export interface GameInfo {
  name: string;
  /** Minimum and maximum number of players. */
  seats: { min: number; max: number };
  /** True: players may join a running game of this kind (`rooms.join`). Absent: only a waiting room. */
  joinable?: true;
}

/** Options of a room, as JSON. Each game defines its own. */
export type RoomOptions = Readonly<Record<string, unknown>>;

/** Maximum size of the options of a room, in bytes of JSON. It is small because options are part of every view of the room. */
export const ROOM_OPTIONS_BYTES_MAX = 1_024;

export type AttributeValue = string | number;

/**
 * The wish of a ticket for one attribute, such as the language or the map.
 *
 * - A string or number: the others must accept exactly this value.
 * - `{ any: [...] }`: one of these values. `{ min, max }`: a number within these limits; an absent limit does not count.
 * - With `value`, the player has this value, and `any`, `min` and `max` say what the player accepts of others: `{ value: 12, min: 9 }` is a
 *   player of level 12 who accepts everybody from level 9.
 *
 * Tickets agree on an attribute when the `value` of each is accepted by all others, and one value is accepted by all tickets that have no
 * `value`. A ticket without the attribute accepts everything and is accepted by everybody.
 */
export type AttributeWish =
  | AttributeValue
  | { readonly value?: AttributeValue; readonly any: readonly AttributeValue[] }
  | { readonly value?: number; readonly min?: number; readonly max?: number };

/** Maximum number of attributes of one search. */
export const ATTRIBUTES_MAX = 16;
/** Maximum number of regions of one search. */
export const MATCH_REGIONS_MAX = 32;

/** What a player searches for. */
export interface MatchWish {
  game: string;
  /** The mode of the game, such as `ranked`. Players of different modes are never matched. */
  mode?: string;
  /** The options of the room of the match, as in `rooms.create`. */
  options?: RoomOptions;
  /** The preferred region of the game. */
  region?: string;
  /** The latencies that the player has measured, by region, in ms. */
  regions?: Readonly<Record<string, number>>;
  attributes?: Readonly<Record<string, AttributeWish>>;
  /** True: the members of the caller's waiting room search together. Only the host of the room may send it. */
  party?: true;
}

export interface RoomSummary {
  id: RoomId;
  game: string;
  name: string;
  status: RoomView['status'];
  players: number;
  seats: number;
  /** The region in which its game must run. Absent: any region. */
  region?: string;
}

/** Input and result of each operation. The compiler checks the lobby's schemas against this type (`satisfies`). */
export interface Operations {
  'games.list': { data: undefined; result: { games: GameInfo[] } };
  /**
   * Lists public rooms, newest first. To get the next page, pass `next` of the last answer as `cursor`. The last page has no
   * `next`. A page may have fewer rooms than `limit` although more follow.
   */
  'rooms.list': {
    data: { game?: string; limit?: number; cursor?: string } | undefined;
    result: { rooms: RoomSummary[]; next?: string };
  };
  /**
   * `seats`: the number of players, within the limits of the game. A private room is neither listed nor matched. `region`, `build`: the
   * game runs only on a server with this region and build. Without a region, servers in the gateway's region come first. `options`:
   * settings for the games of this room, as the game defines them; a server of the game validates them before the room is created
   * (`bad-data`).
   */
  'rooms.create': {
    data: { game: string; name?: string; seats?: number; private?: boolean; region?: string; build?: string; options?: RoomOptions };
    result: { room: RoomView };
  };
  /** Joins a waiting room, or takes a free seat of a running game that is joinable. A spectator of the room may join it too. */
  'rooms.join': { data: { room: RoomId }; result: { room: RoomView } };
  'rooms.watch': { data: { room: RoomId }; result: { room: RoomView } };
  'rooms.leave': { data: undefined; result: { left: RoomId } };
  'rooms.ready': { data: { ready: boolean } | undefined; result: { room: RoomView } };
  /** `waitMs`: how long to wait for capacity before the refusal `no-capacity`. */
  'rooms.start': { data: { waitMs?: number } | undefined; result: { room: RoomView } };
  /**
   * Cancels a start that this player requested, also one that waits for capacity or has not begun. In the answer, the status of the room is
   * `waiting`, or `playing` when the game had started already.
   */
  'rooms.cancelStart': { data: undefined; result: { room: RoomView } };
  /**
   * Adds a search. Answers with the room when the search completes a match. Otherwise the player waits, and `match` messages follow. A
   * later search of the same user replaces the search. `region`: where the game should run. Of the matched players, the region of the one
   * who waited longest is used, unless the strategy of the game chooses a region.
   */
  'match.find': { data: MatchWish; result: { room: RoomView } | { waiting: true; ticket: string } };
  /**
   * Cancels the search, also the search of a party, and declines an offered match. Also voids all earlier requests of this player that
   * enter a room: after the answer, no such request can still put the player into a room, so `me` is reliable. `cancelled` is false when
   * there was no search any more.
   */
  'match.cancel': { data: undefined; result: { cancelled: boolean } };
  /** Accepts an offered match. When all players have accepted it, the room is made. Refused with `offer-unknown` when the offer is over. */
  'match.accept': { data: { offer: string }; result: { accepted: true } };
  /** Declines an offered match. The search of the player ends. */
  'match.decline': { data: { offer: string }; result: { declined: true } };
  /**
   * The state of the caller's search, with what holds it up, or how the last search ended. Null: the caller is not searching, and no search
   * has ended within the last minutes.
   */
  'match.status': { data: undefined; result: { match: MatchMessage | null } };
  me: {
    data: undefined;
    result: { user: UserId; name: string; session: string; room: RoomView | null; watching: boolean; searching: string | null };
  };
}

export type OperationName = keyof Operations;
