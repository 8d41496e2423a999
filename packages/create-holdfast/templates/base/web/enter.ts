import { connect, type Room, type Session } from '@holdfast/client';
import { compact } from '@holdfast/client/compact';

const URL = `${location.origin.replace('http', 'ws')}/play`;

/** Logs in. The tab stores its session, so a player who reloads the page needs no name and is still in the same room. */
export function login(name: string): Promise<Session> {
  return connect(URL, { name, compact, storage: sessionStorage });
}

/** True: this tab has a session to return to. */
export function hasSession(): boolean {
  return sessionStorage.getItem('holdfast.session') !== null;
}

/** Returns the room of the player, or finds a match. */
export async function enter<Rules>(session: Session, game: string): Promise<Room<Rules>> {
  if (session.room && session.room.status !== 'ended') return session.room as Room<Rules>;
  await session.room?.leave();
  return session.quickMatch<Rules>(game);
}
