export const LOBBY_OPTIONS = Symbol('LobbyOptions');

export interface LobbyOptions {
  /** Time without a change after which a waiting room is closed, in ms. */
  readonly roomIdleMs: number;
  /** Time for which a member who is away stays in a waiting room, in ms. */
  readonly seatGraceMs: number;
  /** Time for which a search stays in the queue, in ms. */
  readonly matchWaitMs: number;
  /** Rooms in one answer of `rooms.list`. */
  readonly roomsListedMax: number;
}

/** Shortest time between two reads of the first page of a list, in ms. Players who request it meanwhile share a read. */
export const LIST_EVERY_MS = 20;
/** Tries of one compare-and-set. Of two simultaneous writes one is repeated; more tries than this mean a defect. */
export const CAS_TRIES_MAX = 20;
/** Age at which an unfinished start is taken back, because its lobby died, in ms. Longer than any start takes. */
export const START_ABANDONED_MS = 15_000;
/** Time without a change after which the sweep compares the members of a room with their pointers and sessions, in ms. */
export const STRAY_AFTER_MS = 5_000;
export const SWEEP_MS = 2_000;
/** Index entries that one sweep reads. */
export const SWEEP_ROOMS = 500;
/** Age at which a sweep makes the room of a match, because its lobby died, in ms. */
export const MATCH_ABANDONED_MS = 5_000;
/** Servers tried for one start. The next one is tried when the one before is lost or full. */
export const START_TRIES_MAX = 4;
