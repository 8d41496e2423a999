import type { StrategyName } from './placement-strategy.js';

export const PLACEMENT_OPTIONS = Symbol('PlacementOptions');

export interface PlacementOptions {
  /**
   * The built-in strategy to use if no module of the application provides a strategy. All servers of a fleet must have the same strategy,
   * because scores of two strategies cannot be compared.
   */
  readonly strategy?: StrategyName;
  /**
   * Time for which a reservation waits for its server to open the room, in ms. It must be longer than the slowest start of a room.
   * Otherwise two servers can get the same room.
   */
  readonly claimMs?: number;
  /** Default time for which `place` waits for capacity, in ms. 0: `place` does not wait. */
  readonly waitMs?: number;
  /**
   * Duration of the ramp of a server that joins a busy fleet, in ms. At its end, the server gets a full share of new rooms. 0 (the
   * default): no ramp, so the new server gets all new rooms until its load equals the load of the other servers. Servers that start at the
   * same time have no ramp.
   */
  readonly rampMs?: number;
}

export const PLACEMENT_CLAIM_MS_DEFAULT = 10_000;
export const PLACEMENT_WAIT_MS_DEFAULT = 0;
export const PLACEMENT_RAMP_MS_DEFAULT = 0;

/**
 * Time after which a refused caller may try again, in ms. Servers report their capacity once per health check, so an earlier attempt would
 * rarely succeed.
 */
export const RETRY_AFTER_MS = 1_000;
/** Maximum number of callers in one process that wait for capacity. More callers would only make all of them wait longer. */
export const WAITERS_MAX = 1_000;
/**
 * First interval between the polls of a waiting caller, in ms. It doubles with each poll, up to `WAIT_POLL_MS_MAX`. Players hardly notice
 * an interval of this length, and the polls are a small load for Redis.
 */
export const WAIT_POLL_MS = 25;
export const WAIT_POLL_MS_MAX = 250;
/**
 * Maximum number of rooms in one call of `gamesEnded`. The limit exists because the call blocks Redis, and because `unpack` fails when
 * Lua's stack is full.
 */
export const ENDED_AT_ONCE_MAX = 256;
