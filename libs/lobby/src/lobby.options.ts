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
/** Maximum attempts of one compare-and-set. Of two simultaneous writes one is repeated; more attempts than this show a defect. */
export const CAS_TRIES_MAX = 20;
/** Age in ms at which an unfinished start is taken back, because its lobby died. Longer than any start takes. */
export const START_ABANDONED_MS = 15_000;
/** Time without a change after which the sweep compares the members of a room with their pointers and sessions, in ms. */
export const STRAY_AFTER_MS = 5_000;
export const SWEEP_MS = 2_000;
/** Index entries that one sweep reads. */
export const SWEEP_ROOMS = 500;
/** Age in ms at which a sweep makes the room of a match, because the lobby that found the match died. */
export const MATCH_ABANDONED_MS = 5_000;
/** Maximum number of servers for one start. When a server is lost or full, the start continues with another server. */
export const START_TRIES_MAX = 4;
