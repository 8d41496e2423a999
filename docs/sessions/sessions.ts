import { connect, type HoldfastError, type Room, type Session } from '@holdfast/client';

/** Logs in, or returns to the session of this tab and to its game. */
export async function enter(gateways: string[], name: string): Promise<Session> {
  return connect(gateways, { name, storage: sessionStorage });
}

/** Logs in with the token of your accounts (`AUTH=jwt`). */
export async function enterWithToken(gateways: string[], token: string): Promise<Session> {
  return connect(gateways, { token, storage: localStorage });
}

/** Shows what the player should know about the connection. */
export function showConnection(session: Session, show: (text: string) => void): void {
  session.on('status', (status) => show(status === 'reconnecting' ? 'Connecting again …' : ''));
  session.on('closed', (error: HoldfastError | null) => show(error ? `The session has ended: ${error.message}` : 'Goodbye.'));
}

/** Shows what the player should know about the game. */
export function showGame(room: Room, show: (text: string) => void): void {
  room.on('pause', () => show('One moment …'));
  room.on('resume', () => show(''));
  room.on('rewound', ({ from, to }) => show(`The last ${from - to} changes are undone.`));
}

/** Returns the room of the game that the player has left by a reload. Null: the player is in no room. */
export function roomToReturnTo<Rules>(session: Session): Room<Rules> | null {
  return session.room as Room<Rules> | null;
}
