/** The world of the real-time benchmarks. The server of Colyseus (`peers/npm/colyseus/arena.mjs`) has the same rules. */
export interface Ship {
  x: number;
  y: number;
}

export const STEPS_PER_SECOND = 20;
/** The side of the square world, which has no border: a ship that leaves it comes in at the other side. */
export const SIDE = 655;
/** The distance that a ship moves in a step. */
export const STRIDE = 4;
/** A direction is a whole number below this: one full turn. */
export const FULL_TURN = 256;

/** Moves a ship by one step, and rounds its position to hundredths. */
export function move(ship: Ship, direction: number): void {
  const angle = (direction / FULL_TURN) * 2 * Math.PI;
  ship.x = inside(ship.x + Math.cos(angle) * STRIDE);
  ship.y = inside(ship.y + Math.sin(angle) * STRIDE);
}

/** The distance from `before` to `after` in this direction. It assumes the shorter way, because a ship moves only a few strides. */
export function progress(before: Ship, after: Ship, direction: number): number {
  const angle = (direction / FULL_TURN) * 2 * Math.PI;
  return shortest(after.x - before.x) * Math.cos(angle) + shortest(after.y - before.y) * Math.sin(angle);
}

function inside(position: number): number {
  return Math.round(((position + SIDE) % SIDE) * 100) / 100;
}

function shortest(distance: number): number {
  return distance - Math.round(distance / SIDE) * SIDE;
}
