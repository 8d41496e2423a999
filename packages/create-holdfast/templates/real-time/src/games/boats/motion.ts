// The step of a boat. The server and the page run this file, so that the page can predict what the server will compute. The result depends
// only on the arguments, and the file imports no code of the server.

export const STEP_HZ = 20;
/** The size of the bay, in meters. */
export const BAY = { width: 800, height: 500 } as const;

export interface Boat {
  readonly seat: number;
  x: number;
  y: number;
  /** Direction of the boat in radians. 0 points right, and the angle grows clockwise. */
  heading: number;
  /** Speed in meters per second. */
  speed: number;
  /** Number of buoys that this boat has reached. */
  buoys: number;
}

/** The keys that a player holds down. */
export interface Rudder {
  readonly turn: -1 | 0 | 1;
  readonly sail: boolean;
}

export const IDLE: Rudder = { turn: 0, sail: false };

/** Moves a boat by one step, in place. */
export function sail(boat: Boat, { turn, sail }: Rudder, stepMs: number): void {
  const seconds = stepMs / 1_000;
  boat.heading += turn * 2.5 * seconds;
  boat.speed += ((sail ? 160 : 0) - boat.speed) * seconds;
  boat.x = within(boat.x + Math.cos(boat.heading) * boat.speed * seconds, BAY.width);
  boat.y = within(boat.y + Math.sin(boat.heading) * boat.speed * seconds, BAY.height);
}

function within(value: number, max: number): number {
  return Math.min(Math.max(value, 0), max);
}
