import type { RoomId, UserId } from './ids.js';
import type { ChatEntry, RoomView } from './messages.js';

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

/**
 * The chat of the player's room, or of the lobby of a game. `room`: refuses the request (`not-in-room`) when the player is in another room by
 * now; otherwise a repeat could reach the wrong room.
 */
export type ChatChannel = { to: 'room'; room?: RoomId } | { to: 'lobby'; game: string };

/** Maximum length of a chat message, in characters that a person sees (grapheme clusters), and in bytes of UTF-8. */
export const CHAT_CHARACTERS_MAX = 300;
export const CHAT_BYTES_MAX = 1_200;

/** Maximum length of the `id` of a chat message, in characters. */
export const CHAT_ID_CHARACTERS_MAX = 64;

/** Maximum number of messages in one answer of `chat.history`. */
export const CHAT_HISTORY_MAX = 50;

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
   * Answers with the room when enough other players were waiting. Otherwise the player waits, and a `room` message follows later. `region`:
   * where the game should run. Of the matched players, the region of the one who waited longest is used.
   */
  'match.find': { data: { game: string; region?: string }; result: { room: RoomView } | { waiting: true } };
  /**
   * Cancels the search. Also voids all earlier requests of this player that enter a room: after the answer, no such request can still put
   * the player into a room, so `me` is reliable. `cancelled` is false when there was no search any more.
   */
  'match.cancel': { data: undefined; result: { cancelled: boolean } };
  /**
   * Sends a message to the members of the player's room, or to the lobby of a game. `id`: a text that the client chooses for this message. A
   * repeat with the same `id` sends nothing and gets the same answer. `game`: the game of the lobby.
   */
  'chat.send': { data: ChatChannel & { text: string; id: string }; result: { message: ChatEntry } };
  /**
   * Returns stored messages, oldest first. `after`: only messages with a higher `seq`. Without it the newest ones, at most `limit`. `last`: the
   * `seq` of the newest stored message; 0: there is none. `missed`: true when messages after `after` are no longer stored.
   *
   * `follow`, for a lobby: true: this session receives the messages of this lobby, and no longer those of another one; false: of none. It
   * ends with the connection, so a client repeats it after a resume.
   */
  'chat.history': {
    data: ChatChannel & { after?: number; limit?: number; follow?: boolean };
    result: { messages: ChatEntry[]; last: number; missed?: true };
  };
  /** The host mutes a user in the chat of the room, or lets the user write again. It lasts as long as the room. */
  'chat.mute': { data: { user: UserId; muted: boolean }; result: { muted: boolean } };
  me: {
    data: undefined;
    result: { user: UserId; name: string; session: string; room: RoomView | null; watching: boolean; searching: string | null };
  };
}

export type OperationName = keyof Operations;
