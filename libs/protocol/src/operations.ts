import type { RoomId, UserId } from './ids.js';
import type { MatchRules } from './match-rules.js';
import type { ChatEntry, MatchMessage, RoomView } from './messages.js';

/** A JSON Schema (draft 2020-12), as a JSON value. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The number of teams of a room, and the maximum number of players in each team. */
export interface TeamRules {
  readonly count: number;
  readonly size: number;
}

/** A game that the fleet offers. */
export interface GameInfo {
  name: string;
  /** Minimum and maximum number of players. */
  seats: { min: number; max: number };
  /** True: players may join a running game of this kind (`rooms.join`). Absent: players join only waiting rooms. */
  joinable?: true;
  /** The schema of the options of a room of this game. Absent: the game takes no options, or its schema library cannot describe them. */
  options?: JsonSchema;
  /** The teams of a room of this game that is created without `teams`. Absent: the room has no teams. */
  teams?: TeamRules;
  /** The rules of the matches of this game: modes, numbers of players, teams and time limits. Absent: the default rules. */
  match?: MatchRules;
}

/** Options of a room, as JSON. Each game defines its own options. */
export type RoomOptions = Readonly<Record<string, unknown>>;
/** Data about a running game for the list of rooms, as JSON. The game sets it with `room.setMetadata`. */
export type RoomMetadata = Readonly<Record<string, unknown>>;

/** Maximum size of the options of a room, in bytes of JSON. The limit is small because options are part of every view of the room. */
export const ROOM_OPTIONS_BYTES_MAX = 1_024;
/** Maximum size of the metadata of a room, in bytes of JSON. The limit is small because metadata is part of every list of rooms. */
export const ROOM_METADATA_BYTES_MAX = 1_024;
/** Maximum length of a room's password, in bytes of UTF-8. */
export const PASSWORD_BYTES_MAX = 128;
/** Maximum delay of spectators, in ms. The limit exists because the owner of the room keeps all states of this time in memory. */
export const WATCH_DELAY_MS_MAX = 300_000;
/** Maximum number of teams of a room. */
export const TEAMS_MAX = 16;
/** Maximum number of banned users of a room. */
export const BANNED_MAX = 100;

/**
 * The rule for spectators of a room. `anyone`: every player may watch. `members`: the members may watch, and players with the invite code.
 * `nobody`: the room has no spectators.
 */
export const WATCH_POLICIES = ['anyone', 'members', 'nobody'] as const;
export type WatchPolicy = (typeof WATCH_POLICIES)[number];

export type AttributeValue = string | number;

/**
 * The condition of a ticket for one attribute, such as the language or the map.
 *
 * - A string or number: all tickets of the match must accept exactly this value.
 * - `{ any: [...] }`: one of these values. `{ min, max }`: a number within these limits; an absent limit allows any number.
 * - With `value`, the player has this value, and `any`, `min` and `max` say what the player accepts of others: `{ value: 12, min: 9 }` is a
 *   player of level 12 who accepts everybody from level 9.
 *
 * Tickets agree on an attribute under two conditions: each `value` is accepted by all other tickets, and at least one value is accepted by
 * all tickets that have no `value`. A ticket without the attribute accepts everything and is accepted by everybody.
 */
export type AttributeWish =
  | AttributeValue
  | { readonly value?: AttributeValue; readonly any: readonly AttributeValue[] }
  | { readonly value?: number; readonly min?: number; readonly max?: number };

/** Maximum number of attributes of one search. */
export const ATTRIBUTES_MAX = 16;
/** Maximum number of regions of one search. */
export const MATCH_REGIONS_MAX = 32;

/** The conditions under which a player accepts a match. */
export interface MatchWish {
  game: string;
  /** The mode of the game, such as `ranked`. Players of different modes are never matched. */
  mode?: string;
  /** The options of the room of the match, as in `rooms.create`. */
  options?: RoomOptions;
  /** The region in which the player prefers the game to run. */
  region?: string;
  /** The latencies that the player has measured, by region, in ms. */
  regions?: Readonly<Record<string, number>>;
  attributes?: Readonly<Record<string, AttributeWish>>;
  /** True: all members of the caller's waiting room search together. Only the host of the room may set this field. */
  party?: true;
}

/**
 * The chat of the player's room, or of the lobby of a game. `room`: the id of the player's room. The server refuses the request with
 * `not-in-room` when the player is in another room, so a repeated message never reaches the wrong room.
 */
export type ChatChannel = { to: 'room'; room?: RoomId } | { to: 'lobby'; game: string };

/** Maximum length of a chat message, in characters that a person sees (grapheme clusters). */
export const CHAT_CHARACTERS_MAX = 300;
/** Maximum length of a chat message, in bytes of UTF-8. */
export const CHAT_BYTES_MAX = 1_200;

/** Maximum length of the `id` of a chat message, in characters. */
export const CHAT_ID_CHARACTERS_MAX = 64;

/** Maximum number of messages in one answer of `chat.history`. */
export const CHAT_HISTORY_MAX = 50;

/** A public room in a list. `players`: the number of its members. `seats`: the number of its places. */
export interface RoomSummary {
  id: RoomId;
  game: string;
  name: string;
  status: RoomView['status'];
  players: number;
  seats: number;
  /** The region in which the game of the room must run. Absent: any region. */
  region?: string;
  options?: RoomOptions;
  /** The metadata of the running game. Absent: no game runs, or the game has no metadata. */
  metadata?: RoomMetadata;
  /** True: players need a password to join or watch. */
  password?: true;
  /** True: nobody may join, because the host or the game has locked the room. */
  locked?: true;
  /** The rule for spectators. Absent: anyone may watch. */
  watch?: WatchPolicy;
  teams?: TeamRules;
}

/** A value with which a filter compares a field of a room. */
export type FilterValue = string | number | boolean | null;
/**
 * A condition on one field of a `RoomSummary`: a value for equality; `any` for one of several values; `min` and `max`, both included, for a
 * number.
 */
export type FilterCondition = FilterValue | { any: readonly FilterValue[] } | { min?: number; max?: number };
/** The fields of a room by which a list can be filtered and sorted, besides `options.NAME` and `metadata.NAME`. */
export const LIST_FIELDS = ['status', 'players', 'seats', 'free', 'region', 'name', 'locked', 'password', 'watch'] as const;
/**
 * Conditions by field. The fields are those of `RoomSummary`, `free` (the number of free seats), and `options.NAME` and `metadata.NAME`,
 * where NAME may be a path (`options.clock.minutes`). A room matches when it fulfils all conditions. A missing value equals `null`;
 * `locked` and `password` are true or false.
 */
export type ListFilter = Readonly<Record<string, FilterCondition>>;
export interface RoomSort {
  /** The name of a field, as in `ListFilter`, or `created` for the time of the room's creation. */
  by: string;
  /** The order of the values. Default: `ascending`. Rooms without a value come last in both orders. */
  order?: 'ascending' | 'descending';
}
/** Maximum number of conditions of a filter, and of values of one `any`. */
export const FILTER_CONDITIONS_MAX = 16;

/** Selects the public rooms of a list, and their order. */
export interface RoomListQuery {
  game?: string;
  limit?: number;
  filter?: ListFilter;
  /** The order of the rooms. Default: the newest rooms come first. */
  sort?: RoomSort;
}

/**
 * The data with which a player enters a room: its id or invite code, and the password if the room has one. Exactly one of `room` and `code`
 * is present.
 */
export interface RoomEntry {
  room?: RoomId;
  /** The invite code. Upper or lower case, spaces and dashes make no difference. */
  code?: string;
  password?: string;
}

/** The properties of a room that its host chooses at the creation and may change later. */
export interface RoomSettings {
  name?: string;
  /** True: the room is private. It is not in the list of rooms, matchmaking does not fill it, and it has an invite code. */
  private?: boolean;
  /** True: a player needs the invite code to join. */
  inviteOnly?: boolean;
  /** True: the room is locked, so nobody may join. */
  locked?: boolean;
  /** The players who may watch. Default: `anyone`. After a change, gateways remove the spectators who may no longer watch. */
  watch?: WatchPolicy;
  /** True: spectators receive the chat of the room, and may write to it. */
  spectatorChat?: boolean;
}

/** Input and result of each operation. The compiler checks the lobby's schemas against this type (`satisfies`). */
export interface Operations {
  'games.list': { data: undefined; result: { games: GameInfo[] } };
  /**
   * Lists public rooms, newest first or as `sort` says. To get the next page, pass `next` of the last answer as `cursor`, with the same
   * other fields. The last page has no `next`. A page may have fewer rooms than `limit` although more pages follow. `partial`: because
   * there are many rooms, a filter or a sort was applied only to a part of them. The next pages contain the rest.
   *
   * `subscribe`: also sends changes of the first page as `rooms` messages, until `rooms.unsubscribe`, another subscription, or the end of
   * the connection. `subscribed` is absent when the server does not support subscriptions.
   */
  'rooms.list': {
    data: (RoomListQuery & { cursor?: string; subscribe?: boolean }) | undefined;
    result: { rooms: RoomSummary[]; next?: string; partial?: true; subscribed?: true };
  };
  /** Ends the subscription of this connection to a list of rooms. Has no effect without a subscription. */
  'rooms.unsubscribe': { data: undefined; result: { subscribed: false } };
  /**
   * `seats`: the number of players, within the limits of the game. `region`, `build`: the game runs only on a server with this region and
   * build. Without a region, servers in the gateway's region come first. `options`: settings for the games of this room, as the game
   * defines them. A server of the game validates them before the room is created (`bad-data`). `password`: players who join or watch must
   * give it. `watchDelayMs`: the time by which spectators see the game later, in ms. `teams`: each member is in a team.
   */
  'rooms.create': {
    data: RoomSettings & {
      game: string;
      seats?: number;
      region?: string;
      build?: string;
      options?: RoomOptions;
      password?: string;
      watchDelayMs?: number;
      teams?: TeamRules;
    };
    result: { room: RoomView };
  };
  /** Joins a waiting room, or takes a free seat of a running game that is joinable. A spectator of the room may join it too. */
  'rooms.join': { data: RoomEntry; result: { room: RoomView } };
  'rooms.watch': { data: RoomEntry; result: { room: RoomView } };
  'rooms.leave': { data: undefined; result: { left: RoomId } };
  'rooms.ready': { data: { ready: boolean } | undefined; result: { room: RoomView } };
  /**
   * Changes the settings of the room. Only the host may do it. An absent field does not change. `password`: null removes the password.
   * `options` and `watchDelayMs` can change only while the room waits (`room-playing`). New options make every member unready.
   */
  'rooms.update': {
    data: RoomSettings & { password?: string | null; options?: RoomOptions; watchDelayMs?: number };
    result: { room: RoomView };
  };
  /** Makes another member the host. Only the host may do it. */
  'rooms.host': { data: { user: UserId }; result: { room: RoomView } };
  /**
   * Removes a member from the room and its game, even when the member is away. Only the host may do it. `ban`: the user may not join or
   * watch again. A user who is not a member, such as a spectator, can be banned too.
   */
  'rooms.kick': { data: { user: UserId; ban?: boolean }; result: { room: RoomView } };
  /** Lets a banned user join again. Only the host may do it. */
  'rooms.unban': { data: { user: UserId }; result: { room: RoomView } };
  /** Moves this player to a team. The host may also move another member (`user`). `team`: counted from 0. */
  'rooms.team': { data: { team: number; user?: UserId }; result: { room: RoomView } };
  /** Distributes the members evenly among the teams. Only the host may do it. */
  'rooms.balance': { data: undefined; result: { room: RoomView } };
  /**
   * Agrees to another game with the same members, after a game has ended. The player becomes ready. When all members who are present are
   * ready, the next game starts.
   */
  'rooms.rematch': { data: undefined; result: { room: RoomView } };
  /** Starts a game in the room. `waitMs`: the time for which the start waits for a game server before the refusal `no-capacity`. */
  'rooms.start': { data: { waitMs?: number } | undefined; result: { room: RoomView } };
  /**
   * Cancels this player's request to start the game, even when no lobby has handled the request yet. Only the host may do it. The answer
   * contains the room. Its status is `waiting`, or `playing` when the game had already started.
   */
  'rooms.cancelStart': { data: undefined; result: { room: RoomView } };
  /**
   * Adds a search. Answers with the room when the search completes a match. Otherwise the player waits, and `match` messages follow. A
   * later search of the same user replaces the search. `region`: the region in which the game should run. A match uses the region of the
   * player who has waited longest, unless the strategy of the game chooses a region.
   */
  'match.find': { data: MatchWish; result: { room: RoomView } | { waiting: true; ticket: string } };
  /**
   * Cancels the search of this player or of the player's party, and declines an offered match. Also voids all earlier requests of this
   * player to enter a room. After the answer, none of them can still put the player into a room, so a later `me` shows whether the player
   * is in a room. `cancelled` is false when the player was not searching.
   */
  'match.cancel': { data: undefined; result: { cancelled: boolean } };
  /** Accepts an offered match. When all players have accepted it, the room is made. Refused with `offer-unknown` when the offer is over. */
  'match.accept': { data: { offer: string }; result: { accepted: true } };
  /** Declines an offered match. The search of the player ends. */
  'match.decline': { data: { offer: string }; result: { declined: true } };
  /**
   * The state of the caller's search and the reason for its wait, or the end of the last search. Null: the caller is not searching, and no
   * search has ended within the last minutes.
   */
  'match.status': { data: undefined; result: { match: MatchMessage | null } };
  /**
   * Sends a message to the members of the player's room, or to the lobby of a game. `id`: a text that the client chooses for this message.
   * A repeated request with this `id` sends nothing and gets the answer to the first request. `game`: the game of the lobby.
   */
  'chat.send': { data: ChatChannel & { text: string; id: string }; result: { message: ChatEntry } };
  /**
   * Returns stored messages, oldest first. `after`: only messages with a higher `seq`. Absent: the newest messages, at most `limit`.
   * `last`: the `seq` of the newest stored message; 0: there is none. `missed`: true when messages after `after` are no longer stored.
   *
   * `follow` is for the chat of a lobby. True: this session receives the new messages of this lobby and of no other lobby. False: the
   * session receives the messages of no lobby. The session stops receiving them when the connection ends, so a client repeats the request
   * after a resume.
   */
  'chat.history': {
    data: ChatChannel & { after?: number; limit?: number; follow?: boolean };
    result: { messages: ChatEntry[]; last: number; missed?: true };
  };
  /**
   * Mutes a user in the chat of the room, or lets the user write again. Only the host may do it. The mute lasts as long as the room exists.
   */
  'chat.mute': { data: { user: UserId; muted: boolean }; result: { muted: boolean } };
  me: {
    data: undefined;
    result: { user: UserId; name: string; session: string; room: RoomView | null; watching: boolean; searching: string | null };
  };
}

export type OperationName = keyof Operations;
