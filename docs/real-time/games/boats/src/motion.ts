export interface Boat {
  readonly seat: number;
  x: number;
  y: number;
  /** Radians. */
  heading: number;
  /** Units per second. */
  speed: number;
}

/** The keys that a player holds down. */
export interface Rudder {
  readonly turn: -1 | 0 | 1;
  readonly sail: boolean;
}

export const STEP_HZ = 20;
export const IDLE: Rudder = { turn: 0, sail: false };

/** One step of a boat. The server and the page of the player both run it, so it depends on its arguments only. */
export function sail(boat: Boat, { turn, sail }: Rudder, stepMs: number): void {
  const seconds = stepMs / 1_000;
  boat.heading += turn * 2 * seconds;
  boat.speed += ((sail ? 120 : 0) - boat.speed) * seconds;
  boat.x += Math.cos(boat.heading) * boat.speed * seconds;
  boat.y += Math.sin(boat.heading) * boat.speed * seconds;
}
