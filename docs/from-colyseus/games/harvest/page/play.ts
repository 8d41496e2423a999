import { connect, type Room, type RoomSummary, type Session } from '@holdfast/client';
import { followRooms, roomControls } from '@holdfast/client/lobby';
import type { Harvest } from '../src/harvest.js';

export async function enter(url: string): Promise<Room<Harvest>> {
  const session = await connect(url, { name: 'Ada', storage: sessionStorage });
  const [open] = await session.rooms({
    game: 'harvest',
    filter: { 'options.map': 'hill', locked: false, free: { min: 1 } },
    sort: { by: 'free', order: 'ascending' },
  });
  return open ? session.joinRoom<Harvest>(open.id) : session.createRoom<Harvest>({ game: 'harvest', options: { map: 'hill' } });
}

export function listen(room: Room<Harvest>, show: (text: string) => void): void {
  room.on('change', (state) => show(`${state.farmers.length} farmers`));
  room.on('event', ({ name, data }) => show(`${name}: ${JSON.stringify(data)}`));
  room.on('pause', () => show('The server is being replaced.'));
  room.on('end', ({ result }) => show(JSON.stringify(result)));
  room.on('left', (reason) => show(`You are out of the room: ${reason}`));
}

export async function speak(room: Room<Harvest>, text: string): Promise<void> {
  await room.send('say', { text });
}

export async function showRooms(session: Session, show: (rooms: readonly RoomSummary[]) => void): Promise<void> {
  const list = await followRooms(session, { game: 'harvest' });
  show(list.rooms);
  list.on('change', show);
}

export async function invite(session: Session): Promise<string | undefined> {
  const room = await session.createRoom<Harvest>({ game: 'harvest', private: true });
  await roomControls(session).update({ locked: false });
  return room.view.code;
}
