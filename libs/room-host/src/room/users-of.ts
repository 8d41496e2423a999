import type { UserId } from '#libs/protocol';
import type { HostedRoom } from './hosted-room.js';

/** Maximum number of users in one log line. */
const USERS_MAX = 64;

/** Returns the users with a seat in the room, for a log line. */
export function usersOf({ value }: Pick<HostedRoom, 'value'>): UserId[] {
  return value.seats.slice(0, USERS_MAX).flatMap(({ user }) => (user ? [user] : []));
}
