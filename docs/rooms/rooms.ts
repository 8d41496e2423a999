import type { Room, RoomSummary, Session } from '@holdfast/client';
import { followRooms, type RoomListing, roomControls } from '@holdfast/client/lobby';
import type { Harvest } from '../from-colyseus/games/harvest/src/harvest.js';

/** Opens a room for two players, and starts the game when the other player is ready. */
export async function host(session: Session): Promise<Room<Harvest>> {
  const room = await session.createRoom<Harvest>({ game: 'harvest', name: 'On the hill', seats: 2, options: { map: 'hill' } });
  await room.waitFor(({ view }) => view.members.length === 2 && view.members.every(({ user, ready }) => ready || user === view.owner));
  await room.start();
  return room.waitFor(({ state }) => state !== undefined);
}

/** Joins a room, and waits until its game runs. */
export async function join(session: Session, id: string): Promise<Room<Harvest>> {
  const room = await session.joinRoom<Harvest>(id);
  await room.ready();
  return room.waitFor(({ status, state }) => status === 'playing' && state !== undefined);
}

/** Shows the open rooms on the hill, now and after each change. */
export async function showOpenRooms(session: Session, show: (rooms: readonly RoomSummary[]) => void): Promise<RoomListing> {
  const list = await followRooms(session, {
    game: 'harvest',
    filter: { status: 'waiting', locked: false, free: { min: 1 }, 'options.map': 'hill' },
    sort: { by: 'created', order: 'descending' },
    limit: 20,
  });
  list.on('change', show);
  show(list.rooms);
  return list;
}

/** Returns all public rooms, page by page. */
export async function allRooms(session: Session): Promise<RoomSummary[]> {
  const rooms: RoomSummary[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await session.roomsPage({ game: 'harvest', ...(cursor && { cursor }) });
    rooms.push(...page.rooms);
    if (!page.next) return rooms;
    cursor = page.next;
  }
}

/** Opens a room that no list shows, and returns the code to send to friends. */
export async function invite(session: Session): Promise<string> {
  const room = await session.createRoom({ game: 'harvest', private: true, inviteOnly: true, watch: 'members' });
  return room.view.code!;
}

/** Follows an invitation. */
export async function accept(session: Session, code: string): Promise<Room<Harvest>> {
  return session.joinRoom<Harvest>({ code });
}

/** Removes a member for good, and locks the room. */
export async function expel(session: Session, user: string): Promise<void> {
  const controls = roomControls(session);
  await controls.kick(user, { ban: true });
  await controls.update({ locked: true });
}

/** Watches a game without a seat. */
export async function watch(session: Session, id: string): Promise<Room<Harvest>> {
  const room = await session.watchRoom<Harvest>(id);
  return room.waitFor(({ state }) => state !== undefined);
}

/** Starts a running game with free places, which other players may take at any time. */
export async function openGame(session: Session): Promise<Room<Harvest>> {
  const room = await session.createRoom<Harvest>({ game: 'harvest', seats: 8 });
  await room.start();
  return room.waitFor(({ state }) => state !== undefined);
}
