import { SHOT_SPEED } from './shots.js';
import { type ArenaState, type Controls, DIRECTIONS, IDLE, ROCKS, SHIP_RADIUS, SHIP_STATUS, type Ship } from './world.js';

/** Distance in units within which a bot shoots at ships. */
const RANGE = 620;
/** Distance in units. A bot that is closer than this to its target does not aim, and flies in circles. */
const CLOSE = 130;
/** Distance in units within which a bot turns away from a rock ahead. */
const ROCK_AHEAD = 110;

/** Returns the controls of a bot: it flies to the nearest ship, around the rocks, and shoots when it has aimed. */
export function steer({ ships, step }: ArenaState, own: Ship): Controls {
  if (own.status === SHIP_STATUS.gone) return IDLE;
  let target: Ship | null = null;
  let nearest = Number.POSITIVE_INFINITY;
  for (const ship of ships) {
    if (ship.seat === own.seat || ship.status !== SHIP_STATUS.flying) continue;
    const distance = Math.hypot(ship.x - own.x, ship.y - own.y);
    if (distance < nearest) {
      nearest = distance;
      target = ship;
    }
  }
  const rock = ROCKS.find(({ x, y, radius }) => isAhead(own, x, y, radius));
  if (rock) return { turn: turnAwayFrom(own, rock.x, rock.y), thrust: true, fire: false };
  // A bot flies in wide circles when it has no target or is too close to its target. Each bot begins its circles at another angle, so that
  // bots do not fly in parallel.
  if (!target || nearest < CLOSE) return { turn: (step + own.seat * 7) % 24 < 6 ? 1 : 0, thrust: true, fire: nearest < CLOSE };
  const stepsToTarget = nearest / SHOT_SPEED;
  const off = directionOff(own, target.x + target.vx * stepsToTarget - own.x, target.y + target.vy * stepsToTarget - own.y);
  // The aim of a bot moves around its target, and the bot pauses between shots. So the bot misses sometimes.
  const aim = off + 3 * Math.sin((step + own.seat * 40) / 9);
  const isPausing = (step + own.seat * 13) % 60 < 26;
  return { turn: aim > 2.5 ? 1 : aim < -2.5 ? -1 : 0, thrust: nearest > 260, fire: !isPausing && nearest < RANGE && Math.abs(aim) < 4 };
}

/** Returns the turn after which the ship points along (dx, dy), as a number of directions from -64 to 64. Negative: to the left. */
export function directionOff({ heading }: Pick<Ship, 'heading'>, dx: number, dy: number): number {
  const wanted = (Math.atan2(dy, dx) / (2 * Math.PI)) * DIRECTIONS;
  const off = (((wanted - heading) % DIRECTIONS) + DIRECTIONS) % DIRECTIONS;
  return off > DIRECTIONS / 2 ? off - DIRECTIONS : off;
}

function isAhead(own: Ship, x: number, y: number, radius: number): boolean {
  const distance = Math.hypot(x - own.x, y - own.y);
  if (distance > radius + SHIP_RADIUS + ROCK_AHEAD) return false;
  return Math.abs(directionOff(own, x - own.x, y - own.y)) < 18;
}

function turnAwayFrom(own: Ship, x: number, y: number): -1 | 1 {
  return directionOff(own, x - own.x, y - own.y) > 0 ? -1 : 1;
}
