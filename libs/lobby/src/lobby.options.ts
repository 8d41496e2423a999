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

/** Shortest time between two reads of the first page of a list, in ms. Players who request the page within this time share one read. */
export const LIST_EVERY_MS = 20;
/**
 * Maximum attempts of one compare-and-set. Of two simultaneous writes, one fails and is repeated. After this many attempts, which show a
 * defect, the request is refused with `busy`.
 */
export const CAS_TRIES_MAX = 20;
/** Age in ms at which the sweep cancels an unfinished start of a game that loads nothing. No such start takes longer. */
export const START_ABANDONED_MS = 15_000;

/**
 * Returns the age in ms at which the sweep cancels an unfinished start. By then the lobby of the start has died. A start may load twice:
 * the second time on another server, after the loss of the first.
 *
 * @param loadMs the time for which the game may load data, in ms
 */
export function startAbandonedMs(loadMs: number): number {
  return START_ABANDONED_MS + 2 * loadMs;
}
/**
 * Time without a change after which the sweep compares the members of a room with the rooms and sessions of these users in Redis, in ms.
 */
export const STRAY_AFTER_MS = 5_000;
export const SWEEP_MS = 2_000;
/** Maximum number of index entries that one sweep reads. The next sweep continues after them. */
export const SWEEP_ROOMS = 500;
/** How often the sweep renews the invite codes of rooms in play, in ms. Without a renewal, a code expires after a week. */
export const CODES_EVERY_MS = 3_600_000;
/** Time for which a lobby keeps the list of rooms that matchmaking may fill, in ms. Then the lobby reads the list again. */
export const BACKFILL_READ_MS = 500;
/**
 * Maximum number of rooms that one read for matchmaking takes from each source. The sources are: the list of public rooms, the rooms of
 * matches, and the rooms that had a free seat at their last read. The next read continues after these rooms.
 */
export const BACKFILL_ROOMS = 100;
/** Time for which matchmaking does not use a room that refused a player, in ms. */
export const ROOM_REFUSED_MS = 5_000;
/** A player who declines or misses this many matches must wait before the next search. */
export const DECLINES_MAX = 2;
/** Time for which a declined or missed match counts, in ms. Each further declined or missed match begins the time again. */
export const DECLINES_FORGOTTEN_MS = 120_000;
/** Maximum number of game servers that one start of a game tries. When a server is lost or full, the start tries another server. */
export const START_TRIES_MAX = 4;
/**
 * Time for which a member who is away and not ready still blocks the start of a game, in ms. The time is long enough to reload a page.
 * Afterwards the game starts without this member.
 */
export const START_AWAY_MS = 5_000;
/** Time for which a host may be away before another member becomes the host, in ms. */
export const HOST_GRACE_MS = 15_000;
/** Number of removed members whose names a room keeps, so that the gateways of these members learn why they left. */
export const KICKED_MAX = 16;
