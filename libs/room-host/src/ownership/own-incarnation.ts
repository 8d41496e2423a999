import type { Self } from '#libs/fleet';
import type { RoomOwnership } from '#libs/room-store';

/** Returns the current incarnation of this server as an owner of rooms. */
export function ownershipOf({ id, incarnation }: Self): RoomOwnership {
  return { server: id, incarnation };
}

/**
 * True while this server is registered under the given incarnation. A room of an evicted incarnation must not continue on this server:
 * gateways no longer send its frames here, and a recovery moves the room to another server.
 */
export function isCurrentIncarnation(self: Self, { incarnation }: Pick<RoomOwnership, 'incarnation'>): boolean {
  return self.incarnation === incarnation && self.state !== 'dead';
}
