import type { Seat } from '#libs/game-kit';

/** Number of steps per second. */
export const STEP_HZ = 20;
/** The field: x from 0 to `width`, y from 0 (top) to `height`, in units. */
export const FIELD = { width: 1_600, height: 1_000 } as const;
/** Number of directions. Direction 0 points right, and the numbers grow clockwise. */
export const DIRECTIONS = 128;
export const SHIP_RADIUS = 18;
export const HEALTH_MAX = 4;

/** A fixed obstacle. */
export interface Rock {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

export const ROCKS: readonly Rock[] = [
  { x: 420, y: 300, radius: 70 },
  { x: 1_180, y: 300, radius: 52 },
  { x: 800, y: 500, radius: 92 },
  { x: 420, y: 720, radius: 52 },
  { x: 1_180, y: 720, radius: 70 },
];

/** Places where ships start. All are far from rocks. */
export const STARTS: readonly { readonly x: number; readonly y: number }[] = [
  { x: 120, y: 120 },
  { x: 1_480, y: 880 },
  { x: 1_480, y: 120 },
  { x: 120, y: 880 },
  { x: 800, y: 110 },
  { x: 800, y: 890 },
  { x: 150, y: 500 },
  { x: 1_450, y: 500 },
];

export const SHIP_STATUS = {
  /** The ship was destroyed, and waits for its next start. */
  gone: 0,
  /** The ship flies, and shots do not harm it, because it has just started. */
  shielded: 1,
  flying: 2,
} as const;
export type ShipStatus = (typeof SHIP_STATUS)[keyof typeof SHIP_STATUS];

/** Position, speed and direction of a ship. `moveShip` computes them from the controls alone, on the server and in the page. */
export interface Motion {
  /** Position in units, with one decimal. */
  x: number;
  y: number;
  /** Speed in units per step, with two decimals. */
  vx: number;
  vy: number;
  /** Direction, from 0 to `DIRECTIONS` - 1. */
  heading: number;
}

export interface Ship extends Motion {
  readonly seat: Seat;
  status: ShipStatus;
  /** The step at which the status changes. 0: only a shot changes the status. */
  until: number;
  health: number;
  /** The step from which the ship can shoot again. */
  loadedAt: number;
  /** True: the engine runs. Only the page uses this field, to draw the flame. */
  thrust: boolean;
  /** Number of ships that this ship has destroyed. */
  score: number;
  /** Number of shots that this ship has fired. */
  fired: number;
}

/**
 * A shot in flight. A shot moves in a straight line, so its start is enough to compute its position. A sync contains a shot only when it is
 * fired and when it is removed.
 */
export interface Shot {
  readonly id: number;
  readonly seat: Seat;
  readonly x: number;
  readonly y: number;
  readonly heading: number;
  /** The step in which the shot was fired. */
  readonly at: number;
  /** Number of steps by which the other ships on the shooting player's screen were behind the player's own ship. Absent: 0. */
  readonly behind?: number;
}

export interface ArenaState {
  /** Number of the last step that has run. */
  step: number;
  /** The step at which the round ends. */
  endsAt: number;
  ships: Ship[];
  shots: Shot[];
  lastShot: number;
}

/** The controls that a player or bot holds down during a step. */
export interface Controls {
  /** -1: turn left, 1: turn right. */
  readonly turn: -1 | 0 | 1;
  readonly thrust: boolean;
  readonly fire: boolean;
  /**
   * While the player fires: the number of steps by which the other ships on the screen are behind the player's ship, at most `BEHIND_MAX`.
   * Absent: 0.
   */
  readonly behind?: number;
}

/**
 * Maximum age, in steps, of the ship positions that a shot can hit. With a higher limit, a shot could hit a player who has been behind a
 * rock for a long time. A player whose delay exceeds the limit must aim ahead of the target.
 */
export const BEHIND_MAX = 8;

export const IDLE: Controls = { turn: 0, thrust: false, fire: false };

/**
 * Returns the unit vector of a direction. The components have four decimals, so that they are equal on every machine: `Math.cos` may differ
 * in the last digit.
 */
export function vectorOf(heading: number): { readonly x: number; readonly y: number } {
  return VECTORS[((heading % DIRECTIONS) + DIRECTIONS) % DIRECTIONS]!;
}

const VECTORS = Array.from({ length: DIRECTIONS }, (_, heading) => {
  const angle = (2 * Math.PI * heading) / DIRECTIONS;
  return { x: rounded(Math.cos(angle), 10_000), y: rounded(Math.sin(angle), 10_000) };
});

/** Rounds to a multiple of 1 / `scale`. The result is never -0. */
export function rounded(value: number, scale: number): number {
  return Math.round(value * scale) / scale + 0;
}
