export const EDGE_OPTIONS = Symbol('EdgeOptions');

/** What a gateway allows its players; the settings of the same names say why. */
export interface EdgeOptions {
  readonly host: string;
  readonly port: number;
  readonly tcpPort: number;
  readonly allowedOrigins: readonly string[];
  readonly helloTimeoutMs: number;
  readonly connectionTimeoutMs: number;
  readonly frameBytesMax: number;
  readonly messagesPerSecond: number;
  readonly messagesBurst: number;
  readonly bytesPerSecond: number;
  readonly bytesBurst: number;
  readonly connectionsMax: number;
  readonly connectionsPerAddress: number;
  readonly connectionsWindowMs: number;
  readonly hellosPendingMax: number;
  readonly httpTimeoutMs: number;
  readonly watchersPerRoom: number;
  /** Rooms in one answer of `rooms.list`, by which its price goes. */
  readonly roomsListedMax: number;
  readonly backlogBytesMax: number;
  readonly backlogTimeoutMs: number;
  readonly seatGraceMs: number;
  readonly sessionTtlMs: number;
  /** What becomes of a login by a user who is connected already. */
  readonly secondLogin: 'takeover' | 'refuse';
}

/** Unsent bytes of a connection, in units of `backlogBytesMax`, above which it is closed at once: it asks and does not read. */
export const BACKLOGS_MAX = 4;
/**
 * What the connections of one address may ask of lobbies and the store together, for each connection that the address may
 * have: messages a second, counted by price. A player who looks at the lobby's page needs about this; one who plays, none.
 */
export const OPERATIONS_PER_CONNECTION = 8;
/** The same at once; and what an address may ask at once however few connections it may have. */
export const OPERATIONS_BURST_PER_CONNECTION = 20;
export const OPERATIONS_BURST_MIN = 200;
/** In this time, in ms, a bucket that is empty is full again: an address that is forgotten earlier would gain by leaving. */
export const OPERATIONS_REFILL_MS = (1_000 * Math.max(OPERATIONS_BURST_PER_CONNECTION, OPERATIONS_BURST_MIN)) / OPERATIONS_PER_CONNECTION;
/** Requests of one session on their way at once. */
export const REQUESTS_MAX = 16;
/** Commands held for a session whose room is between two owners, and for how long, in ms. */
export const HELD_MAX = 64;
export const HELD_MS = 15_000;
/** Sessions without an owner ask the one they know of this often, in ms: a lost link may be back. */
export const LOST_POLL_MS = 250;
/** The records of their rooms are read this often, besides what is heard of them, in ms. */
export const LOST_LOOK_MS = 1_000;
/** An owner that was asked and says nothing is asked again after this, in ms: longer than it takes to revive a room. */
export const ATTACH_TIMEOUT_MS = 3_000;
/** Sessions in one such event: some 30 KB, well below any limit of a link's frame. */
export const ATTACHED_AT_ONCE_MAX = 200;
/** All followed rooms are looked at in this time, in ms: what is published may be missed. */
export const FOLLOW_POLL_MS = 10_000;
/** The next few of them are looked at this often, in ms. */
export const FOLLOW_TICK_MS = 100;
/** The owner's own last words are waited for, once the record says that the game is over, in ms. */
export const LAST_WORDS_MS = 250;
/** A connection that was told goodbye may take this long to read it, in ms. */
export const GOODBYE_MS = 500;
/** A lost connection becomes "not here" for the room's other members after this, in ms: most come back at once. */
export const NOT_HERE_AFTER_MS = 1_500;
/** Users of a lost gateway in one request to a lobby: each costs it a few reads and a write. */
export const AWAY_AT_ONCE = 64;
/** With no lobby to tell, another try after this, in ms. */
export const AWAY_RETRY_MS = 500;
/** A request to a lobby that is not answered by then has failed, in ms. */
export const REQUEST_TIMEOUT_MS = 15_000;
/** Ended sessions of which no lobby has heard yet. While there is no lobby, only those who log in and leave add to them. */
export const DEPARTURES_MAX = 10_000;
/** So many of them are sent again in one tick of the gateway. */
export const DEPARTURES_AT_ONCE = 64;
/** Sessions whose gateway ended unseen are looked for this often, in ms; by whom, is claimed for the second time, kept alive. */
export const HOLDER_SWEEP_MS = 5_000;
export const HOLDER_CLAIM_MS = 10_000;
/** Pause before the rooms are compared again with a settled store that did not answer, in ms. */
export const COMPARE_RETRY_MS = 100;
/** A room that a store has lost, which may not be settled, is looked at again after this, in ms. */
export const UNSETTLED_LOOK_MS = 250;
/** What a store that was restarted lost is written again; where that fails, after this again, in ms. */
export const RESTORE_RETRY_MS = 100;
/** A departure or a leave may be lost with a store that falls back: it is said again within this time, in ms. */
export const LEFT_KEPT_MS = 60_000;
/** A search for a match that the store has lost is sent again at most so many times. */
export const SEARCH_TRIES_MAX = 5;
/** An answer of a lobby waits at most so long until this gateway holds the record that the answer is about, in ms. */
export const RECORD_WAIT_MS = 2_000;
/** A publication that is later than this is lost, so the gateway reads the record, in ms. */
export const RECORD_LOOK_MS = 100;
