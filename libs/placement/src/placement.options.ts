import type { Type } from '@nestjs/common';
import type { PlacementStrategy, StrategyName } from './placement-strategy.js';

export const PLACEMENT_OPTIONS = Symbol('PlacementOptions');

export interface PlacementOptions {
  /** One of the house's, or a class of your own. The same on every server of the fleet. */
  readonly strategy?: StrategyName | Type<PlacementStrategy>;
  /** How long a reservation waits for its server to take the room, in ms. Longer than any start of a room, or two servers may be offered it. */
  readonly claimMs?: number;
  /** How long `place` waits for capacity when the caller does not say, in ms. 0: the answer comes at once. */
  readonly waitMs?: number;
  /**
   * Over how long a server that joins a busy fleet comes up to its full share, in ms. 0 (the default here): at once, so
   * that the next rooms all start there until it is level. A fleet that starts together has no ramp: its servers are equals.
   */
  readonly rampMs?: number;
}

export const PLACEMENT_CLAIM_MS_DEFAULT = 10_000;
export const PLACEMENT_WAIT_MS_DEFAULT = 0;
export const PLACEMENT_RAMP_MS_DEFAULT = 0;

/** Capacity comes with the servers' reports, one a health check: sooner there is nothing new to learn. */
export const RETRY_AFTER_MS = 1_000;
/** Callers of one process that wait for capacity; more would only make each other's wait longer. */
export const WAITERS_MAX = 1_000;
/** Waiting callers ask again after this, doubled up to the second: soon enough not to be felt, seldom enough not to load Redis. */
export const WAIT_POLL_MS = 25;
export const WAIT_POLL_MS_MAX = 250;
/** Rooms in one `gamesEnded`: the store does nothing else meanwhile, and Lua unpacks no more than its stack holds. */
export const ENDED_AT_ONCE_MAX = 256;
