import { connect, type Session } from '@holdfast/client';

/** Logs in with a page that was written for version 2 of the game `chess`. */
export async function enter(url: string, name: string, showReload: (text: string) => void): Promise<Session> {
  const session = await connect(url, { name, storage: sessionStorage, gameVersions: { chess: 2 } });
  session.on('room', (room) => room?.on('incompatible', () => showReload('There is a new version of the game.')));
  return session;
}
