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
  /** The rating of the player. Absent: the rating of a new player. */
  readonly rating?: Rating;
  /** Claims of the player's identity, for strategies of the application. The default strategy does not read them. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/**
 * The search of one player or one party. A ticket never changes: a lobby that changes a search replaces the object. So a strategy finds
 * changed tickets by comparing objects.
 */
export interface Ticket {
  readonly id: string;
  /** One player, or the members of a party, who stay in one match and one team. */
  readonly players: readonly MatchPlayer[];
  readonly game: string;
  readonly mode?: string;
  /** Store time at which the search began, in ms. A failed match does not change it. */
  readonly since: number;
  /** Only tickets with equal options can be in one match. Absent: equal to {}. */
  readonly options?: RoomOptions;
  /**
   * Latency to each region in ms. For a party, it is the maximum of its members. A region that is not listed is out of reach. Absent: every
   * region is within reach.
   */
  readonly regions?: Readonly<Record<string, number>>;
  /** The preferred region. It counts only when no ticket of the match has `regions` and the match does not fill a room. */
  readonly region?: string;
  readonly attributes?: Readonly<Record<string, AttributeWish>>;
  /**
   * Number of matches of this ticket that failed because of other players. Each counts as `PRIORITY_MS` of waiting in the order of service.
   */
  readonly priority?: number;
}

/** A room with free seats that matchmaking may fill. */
export interface OpenRoom {
  readonly room: RoomId;
  readonly game: string;
  readonly mode?: string;
  /** Only tickets with equal options join. Absent: equal to {}. */
  readonly options?: RoomOptions;
  /** True: its game runs, so any number of players may join. False: the game starts only with the minimum of players, so the room waits for them. */
  readonly running: boolean;
  readonly free: number;
  /** The players who are in the room. */
  readonly players: readonly MatchPlayer[];
  /** Users who may not enter the room. The lobby refuses a match that takes one of them into it. Absent: nobody. */
  readonly banned?: readonly UserId[];
  /** With teams: the users of each team. Users without a team are in no list. */
  readonly teams?: readonly (readonly UserId[])[];
  readonly region?: string;
  readonly attributes?: Readonly<Record<string, AttributeWish>>;
  /**
   * Store time in ms since when the room has had its present members. A change of members sets this time to the present. Otherwise an old
   * room would always be served before the tickets.
   */
  readonly since: number;
}
