export const LOBBY_OPTIONS = Symbol('LobbyOptions');

export interface LobbyOptions {
  /** Time without a change after which a waiting room is closed, in ms. */
  readonly roomIdleMs: number;
  /** Time for which a member who is away stays in a waiting room, in ms. */
  readonly seatGraceMs: number;
  /** Time for which a search stays in the queue, in ms. */
  readonly matchWaitMs: number;
  /** Maximum number of rooms in one answer of `rooms.list`. */
  readonly roomsListedMax: number;
}

/** Minimum time between two reads of the first page of a list, in ms. Players who request the page within this time share one read. */
export const LIST_EVERY_MS = 20;
/**
 * Maximum number of attempts of one compare-and-set. An attempt fails when another write came first. This number of failures in a row shows
 * a defect, so the request is refused with `busy`.
 */
export const CAS_TRIES_MAX = 20;
/** Age in ms at which the sweep cancels an unfinished start of a game that loads no data. A healthy start takes less time. */
export const START_ABANDONED_MS = 15_000;

/**
 * Returns the age in ms at which the sweep cancels an unfinished start, because the lobby of such a start has probably died. The time
 * suffices for two loads: the second load runs on another server after the loss of the first server.
 *
 * @param loadMs the time for which the game may load data, in ms
 */
export function startAbandonedMs(loadMs: number): number {
  return START_ABANDONED_MS + 2 * loadMs;
}
/**
 * Time without a change after which the sweep checks the members of a room, in ms. The sweep compares them with the rooms and sessions of
 * these users in Redis.
 */
export const STRAY_AFTER_MS = 5_000;
export const SWEEP_MS = 2_000;
/** Maximum number of entries of the index of rooms that one sweep reads. The next sweep continues after these entries. */
export const SWEEP_ROOMS = 500;
/** Interval at which the sweep renews the invite codes of rooms in play, in ms. Without a renewal, a code expires after a week. */
export const CODES_EVERY_MS = 3_600_000;
/** Minimum time between two reads of the list of rooms that matchmaking may fill, in ms. */
export const BACKFILL_READ_MS = 500;
/**
 * Maximum number of rooms that one read for matchmaking gets from each source. The sources are the list of public rooms, the rooms of
 * matches, and the rooms that had a free seat at their last read. The next read continues after these rooms.
 */
export const BACKFILL_ROOMS = 100;
/** Time after a refusal by a room for which matchmaking sends no players to this room, in ms. */
export const ROOM_REFUSED_MS = 5_000;
/** Number of declined or missed matches after which a player must wait before the next search. */
export const DECLINES_MAX = 2;
/** Time for which a declined or missed match counts, in ms. Each further declined or missed match restarts this time. */
export const DECLINES_FORGOTTEN_MS = 120_000;
/** Maximum number of game servers that one start of a game tries. When a server is lost or full, the start tries another server. */
export const START_TRIES_MAX = 4;
/**
 * Time for which a member who is away and not ready blocks the start of a game, in ms. A player can reload the page in this time.
 * Afterwards the game starts without this member.
 */
export const START_AWAY_MS = 5_000;
/** Time for which a host may be away before another member becomes the host, in ms. */
export const HOST_GRACE_MS = 15_000;
/**
 * Maximum number of removed members in the record of a room. The gateways of these users read the reason for the removal from the record.
 */
export const KICKED_MAX = 16;
