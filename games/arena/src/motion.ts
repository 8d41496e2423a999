import { type Controls, DIRECTIONS, FIELD, type Motion, ROCKS, rounded, SHIP_RADIUS, vectorOf } from './world.js';

const TURN_PER_STEP = 5;
/** Speed that the engine adds in each step, in units per step. */
const THRUST = 1.15;
/** Factor by which each step multiplies the speed, from 0 to 1. */
const DRAG = 0.94;
/** Factor by which a collision with a wall or a rock multiplies the speed, from 0 to 1. */
const BOUNCE = 0.55;

/**
 * Moves a ship by one step, in place. The result depends only on the arguments, so the page can compute the same step before the server
 * does.
 *
 * @example
 * const next = { ...ship };
 * moveShip(next, { turn: 1, thrust: true, fire: false });
 */
export function moveShip(ship: Motion, { turn, thrust }: Controls): void {
  const heading = (ship.heading + turn * TURN_PER_STEP + DIRECTIONS) % DIRECTIONS;
  const direction = vectorOf(heading);
  let vx = (ship.vx + (thrust ? direction.x * THRUST : 0)) * DRAG;
  let vy = (ship.vy + (thrust ? direction.y * THRUST : 0)) * DRAG;
  let x = ship.x + vx;
  let y = ship.y + vy;
  const right = FIELD.width - SHIP_RADIUS;
  const bottom = FIELD.height - SHIP_RADIUS;
  if (x < SHIP_RADIUS || x > right) {
    x = Math.min(Math.max(x, SHIP_RADIUS), right);
    vx *= -BOUNCE;
  }
  if (y < SHIP_RADIUS || y > bottom) {
    y = Math.min(Math.max(y, SHIP_RADIUS), bottom);
    vy *= -BOUNCE;
  }
  for (const rock of ROCKS) {
    const dx = x - rock.x;
    const dy = y - rock.y;
    const distance = Math.sqrt(dx * dx + dy * dy);
    const closest = rock.radius + SHIP_RADIUS;
    if (distance >= closest || distance === 0) continue;
    const nx = dx / distance;
    const ny = dy / distance;
    x = rock.x + nx * closest;
    y = rock.y + ny * closest;
    const into = vx * nx + vy * ny;
    if (into < 0) {
      vx -= (1 + BOUNCE) * into * nx;
      vy -= (1 + BOUNCE) * into * ny;
    }
  }
  ship.heading = heading;
  ship.x = rounded(x, 10);
  ship.y = rounded(y, 10);
  ship.vx = rounded(vx, 100);
  ship.vy = rounded(vy, 100);
}
