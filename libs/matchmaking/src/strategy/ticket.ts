import type { AttributeWish, RoomId, RoomOptions, UserId } from '#libs/protocol';

/** The skill of a player in one game, in points: the mean and the uncertainty (one standard deviation). */
export interface Rating {
  readonly mu: number;
  readonly sigma: number;
}

/** A player of a ticket. */
export interface MatchPlayer {
  readonly user: UserId;
  readonly name: string;
  /** The rating of the player. Default: the rating of a new player. */
  readonly rating?: Rating;
  /** Claims of the player's identity, for strategies of the application. The default strategy does not read them. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/**
 * The search of one player or one party. The object is immutable: a lobby replaces the object when the search changes. So a strategy can
 * detect changed tickets by object identity.
 */
export interface Ticket {
  readonly id: string;
  /** One player or the members of a party. The members of a party play in the same match and the same team. */
  readonly players: readonly MatchPlayer[];
  readonly game: string;
  readonly mode?: string;
  /** Store time at which the search began, in ms. A failed match does not change this time. */
  readonly since: number;
  /** The options of the game. Only tickets with equal options can be in one match. Default: {}. */
  readonly options?: RoomOptions;
  /**
   * Latency to each region in ms. For a party, it is the maximum of its members. The ticket does not accept a region that is not listed.
   * Undefined: the ticket accepts every region.
   */
  readonly regions?: Readonly<Record<string, number>>;
  /** The preferred region. It has an effect only when no ticket of the match has `regions` and the match has a new room. */
  readonly region?: string;
  readonly attributes?: Readonly<Record<string, AttributeWish>>;
  /**
   * Number of matches of this ticket that failed because of other players. Each failed match counts like `PRIORITY_MS` of waiting time in
   * the order of service.
   */
  readonly priority?: number;
}

/** A room with free seats that matchmaking may fill. */
export interface OpenRoom {
  readonly room: RoomId;
  readonly game: string;
  readonly mode?: string;
  /** The options of the room. Only tickets with equal options can join. Default: {}. */
  readonly options?: RoomOptions;
  /** True: the game of the room runs, so any number of players may join. False: the game starts only with its minimum number of players. */
  readonly running: boolean;
  readonly free: number;
  /** The players who are in the room. */
  readonly players: readonly MatchPlayer[];
  /** Users who may not enter the room. The lobby refuses a match that puts one of them into the room. Default: no users. */
  readonly banned?: readonly UserId[];
  /** The users of each team, in a mode with teams. Users without a team are in no list. */
  readonly teams?: readonly (readonly UserId[])[];
  readonly region?: string;
  readonly attributes?: Readonly<Record<string, AttributeWish>>;
  /**
   * Store time of the last change of the members, in ms. If it were the time of the room's creation, an old room would always be served
   * before the tickets.
   */
  readonly since: number;
}
