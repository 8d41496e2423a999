export const LOBBY_OPTIONS = Symbol('LobbyOptions');

export interface LobbyOptions {
  /** A room that nobody starts and nobody touches is closed after this, in ms. */
  readonly roomIdleMs: number;
  /** How long a member without a connection is kept in a room where no game is played, in ms. */
  readonly seatGraceMs: number;
  /** How long a player who looks for a match stays in the queue, in ms. */
  readonly matchWaitMs: number;
  /** Rooms in one answer of `rooms.list`. */
  readonly roomsListedMax: number;
}

/** The first page of a list of rooms is read this often, in ms, however many ask for it. */
export const LIST_EVERY_MS = 20;
/** Tries of one compare-and-set. Of two simultaneous writes one is repeated; more tries than this mean a defect. */
export const CAS_TRIES_MAX = 20;
/** A start that nobody finished (its lobby died) is taken back after this, in ms: longer than any start takes. */
export const START_ABANDONED_MS = 15_000;
/** Members of a room that nothing has happened in for this long, in ms, are looked for elsewhere: not in the middle of a move. */
export const STRAY_AFTER_MS = 5_000;
export const SWEEP_MS = 2_000;
/** Index entries that one sweep looks at. */
export const SWEEP_ROOMS = 500;
/** A match whose room nobody made by then is made by the next sweep, in ms. */
export const MATCH_ABANDONED_MS = 5_000;
/** Servers tried for one start, each next one when the one before is lost or full after all. */
export const START_TRIES_MAX = 4;
