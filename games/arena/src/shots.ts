import { FIELD, ROCKS, SHIP_RADIUS, SHIP_STATUS, type Ship, type Shot, vectorOf } from './world.js';

/** Speed of a shot, in units per step. */
export const SHOT_SPEED = 42;
/** Number of steps after which a shot ends. */
export const SHOT_STEPS = 24;
/** Number of steps between two shots of a ship. */
export const RELOAD_STEPS = 5;

/** Returns the position of a shot at a step. The step may be a fraction. */
export function positionOf(shot: Shot, step: number): { x: number; y: number } {
  const { x, y } = vectorOf(shot.heading);
  const distance = (step - shot.at) * SHOT_SPEED;
  return { x: shot.x + x * distance, y: shot.y + y * distance };
}

/** True when the shot has reached its range, a wall or a rock at this step. */
export function isSpent(shot: Shot, step: number): boolean {
  if (step - shot.at >= SHOT_STEPS) return true;
  const { x, y } = positionOf(shot, step);
  if (x < 0 || y < 0 || x > FIELD.width || y > FIELD.height) return true;
  return ROCKS.some((rock) => squaredDistance(shot, step, rock.x, rock.y) < rock.radius ** 2);
}

/** Returns the ship that the shot hits between the previous step and this step. Null: the shot hits no ship. */
export function hitBy(shot: Shot, step: number, ships: readonly Ship[]): Ship | null {
  for (const ship of ships) {
    if (ship.seat === shot.seat || ship.status === SHIP_STATUS.gone) continue;
    if (squaredDistance(shot, step, ship.x, ship.y) < SHIP_RADIUS ** 2) return ship;
  }
  return null;
}

/** Returns the square of the distance, in units, between a point and the line on which the shot flew in the last step. */
function squaredDistance(shot: Shot, step: number, x: number, y: number): number {
  const direction = vectorOf(shot.heading);
  const end = positionOf(shot, step);
  const back = Math.min(Math.max((end.x - x) * direction.x + (end.y - y) * direction.y, 0), SHOT_SPEED);
  return (end.x - direction.x * back - x) ** 2 + (end.y - direction.y * back - y) ** 2;
}
