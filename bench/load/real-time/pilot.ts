import type { Ship } from '../../real-time/world.js';
import type { Wire } from '../wire.js';

/** A player of the real-time world. */
export interface Pilot {
  readonly wire: Wire;
  /** Sends the direction in which the ship shall move from now on. */
  steer(direction: number): void;
  close(): void;
}

/** Receives the ship of its player after each message that changed the state. */
export type Sight = (ship: Ship) => void;

/**
 * Creates a room with these seats and enters it with all players. The pilots at the first seats decode the state for their `Sight`. The
 * others only count bytes, so that the generator has the time for all of them.
 */
export type EnterRoom = (port: number, room: string, seats: number, sights: readonly Sight[]) => Promise<Pilot[]>;
