import { randomUUID } from 'node:crypto';
import { type RoomId, serverId, type UserId } from '#libs/protocol';
import { PubSub, RedisConnections } from '#libs/redis';
import { roomDoc } from '../../../tools/fixtures/room-doc.fixture.js';
import { until } from '../../../tools/process/until.mjs';
import { roomKey, roomsKey } from './room-keys.js';
import { readNews } from './room-news.js';
import type { RoomDoc, RoomRecord } from './room-record.js';
import { RoomRecords } from './room-records.js';
import { isReady, summaryOf, viewOf } from './room-view.js';
import { UserRooms } from './user-rooms.js';

const redis = new RedisConnections({ url: process.env.HOLDFAST_TEST_REDIS_URL as string });
const records = new RoomRecords(redis);
const userRooms = new UserRooms(redis);
const pubSub = new PubSub(redis);

beforeAll(() => redis.ready());
afterAll(() => {
  redis.onApplicationShutdown();
});

const doc = roomDoc({ members: [{ user: 'ada' as UserId, name: 'Ada', readyRound: null, here: true }] });

async function newRoom(change: Partial<RoomDoc> = {}): Promise<RoomRecord> {
  const id = `test-${randomUUID()}` as RoomId;
  const made = await records.create(id, 'counter', { ...doc, ...change });
  expect(await mustRead(id)).toEqual(made);
  return mustRead(id);
}

async function mustRead(id: RoomId): Promise<RoomRecord> {
  const record = await records.read(id);
  if (!record) throw new Error(`no room ${id}`);
  return record;
}

async function mustSave(record: RoomRecord, change: Parameters<RoomRecords['save']>[1]): Promise<RoomRecord> {
  const saved = await records.save(record, change);
  expect(await mustRead(record.id)).toEqual(saved);
  if (!saved) throw new Error(`${record.id} was changed by another`);
  return saved;
}

describe('the record of a room', () => {
  it('is created only once for one id', async () => {
    const room = await newRoom();
    expect(await records.create(room.id, 'another', { ...doc, name: 'not this' })).toBeNull();
    expect(await mustRead(room.id)).toEqual(room);
  });

  it('is null when no room has the id', async () => {
    expect(await records.read('nowhere' as RoomId)).toBeNull();
    const room = await newRoom();
    expect((await records.readMany(['nowhere' as RoomId, room.id])).map((record) => record?.id ?? null)).toEqual([null, room.id]);
  });

  it('is changed by exactly one of two concurrent writers', async () => {
    const room = await newRoom();
    const outcomes = await Promise.all(['left', 'right'].map((name) => records.save(room, { doc: { ...doc, name } })));
    expect(outcomes.filter((outcome) => outcome === null)).toHaveLength(1);
    const after = await mustRead(room.id);
    expect(outcomes.find((outcome) => outcome !== null)).toEqual(after);
    expect(after.rev).toBe(room.rev + 1);
    expect(after.doc.name).toBe(outcomes[0] ? 'left' : 'right');
  });

  it('contains the changes of all concurrent writers that repeat a failed write', async () => {
    const room = await newRoom({ seats: 0 });
    const addOne = async (): Promise<void> => {
      for (;;) {
        const record = await mustRead(room.id);
        if (await records.save(record, { doc: { ...record.doc, seats: record.doc.seats + 1 } })) return;
      }
    };
    await Promise.all(Array.from({ length: 12 }, addOne));
    expect(await mustRead(room.id)).toMatchObject({ rev: room.rev + 12, doc: { seats: 12 } });
  });

  it('keeps the status and the start when other fields change', async () => {
    const room = await newRoom();
    await records.save(room, { status: 'starting', start: 'mine' });
    const starting = await mustRead(room.id);
    expect(starting).toMatchObject({ status: 'starting', start: 'mine' });
    await records.save(starting, { doc: { ...doc, name: 'renamed' } });
    expect(await mustRead(room.id)).toMatchObject({ status: 'starting', start: 'mine', doc: { name: 'renamed' }, game: 'counter' });
  });

  it('has a higher revision when the room is created again after its close', async () => {
    const room = await newRoom();
    await records.save(room, { doc });
    const before = await mustRead(room.id);
    await records.close(before, 'empty');
    // The first revision of a record is the store time, so the test waits until the clock has advanced.
    await until(() => Date.now() > before.rev + 1);
    expect(await records.create(room.id, 'counter', doc)).not.toBeNull();
    expect((await mustRead(room.id)).rev).toBeGreaterThan(before.rev);
  });

  it('is published as a whole, or only as a revision number when the record is long', async () => {
    const room = await newRoom();
    const heard: string[] = [];
    await pubSub.subscribe(roomKey(room.id), (message) => heard.push(message));
    const renamed = await mustSave(room, { doc: { ...doc, name: 'renamed' } });
    const starting = await mustSave(renamed, { status: 'starting', start: 'mine' });
    const long = await mustSave(starting, { doc: { ...doc, name: 'x'.repeat(10_000) }, status: 'waiting' });
    await records.close(long, 'room-expired');
    await until(() => heard.length === 4);
    expect(readNews(room, heard[0])).toEqual({ kind: 'record', record: renamed });
    expect(readNews(renamed, heard[1])).toEqual({ kind: 'record', record: starting });
    expect(readNews(starting, heard[2])).toEqual({ kind: 'unknown' });
    expect(readNews(long, heard[3])).toEqual({ kind: 'closed', reason: 'room-expired' });
    expect(long).toMatchObject({ status: 'waiting', start: 'mine', rev: room.rev + 3 });
  });
});

describe('the close of a room', () => {
  it('removes the record and its index entries', async () => {
    const room = await newRoom();
    expect(await records.close(room, 'empty')).toBe(true);
    expect(await records.read(room.id)).toBeNull();
    expect(await redis.commands.zscore(roomsKey(), room.id)).toBeNull();
  });

  it('is refused when the room has changed or a game runs', async () => {
    const room = await newRoom();
    await records.save(room, { doc: { ...doc, members: [] } });
    expect(await records.close(room, 'room-expired')).toBe(false);
    const now = await mustRead(room.id);
    await records.save(now, { status: 'playing' });
    expect(await records.close(await mustRead(room.id), 'room-expired')).toBe(false);
    expect(await records.read(room.id)).not.toBeNull();
  });
});

describe('the index of rooms', () => {
  it('has stable pages while rooms are added and removed', async () => {
    // The creation times are in the future, so that these rooms are the newest in the index that all tests share.
    const at = 9_000_000_000_000 + Math.floor(Math.random() * 1_000_000_000);
    const ids = Array.from({ length: 6 }, (_, index) => `test-${randomUUID()}-${index}`);
    await Promise.all(ids.map((id, index) => records.index([id as RoomId], at + index)));
    const newestFirst = [...ids].reverse();
    const from = { room: ids[5] as RoomId, createdAt: at + 5 };
    try {
      const page = await records.page(from, 2);
      expect(page.map(({ room }) => room)).toEqual(newestFirst.slice(1, 3));
      // The last room of the page is removed, and another room is added. The next page must still continue where this page ended.
      await records.unindex([page[1].room]);
      await records.index([`test-${randomUUID()}` as RoomId], at + 0.5);
      expect((await records.page(page[1], 2)).map(({ room }) => room)).toEqual(newestFirst.slice(3, 5));
    } finally {
      await redis.commands.zremrangebyscore(roomsKey(), at, at + 6);
    }
  });
});

describe('the rooms of an incarnation', () => {
  it('do not include rooms of another incarnation of the server', async () => {
    const server = serverId('game', randomUUID());
    await records.noteOwner(['a' as RoomId, 'b' as RoomId, 'c' as RoomId], server, 1);
    await records.noteOwner(['d' as RoomId], server, 2);
    await records.forgetOwner(['b' as RoomId], server, 1);
    expect((await records.roomsOf(server, 1)).sort()).toEqual(['a', 'c']);
    expect(await records.roomsOf(server, 2)).toEqual(['d']);
    await records.noteOwner([], server, 1);
  });
});

describe('the room of a user', () => {
  it('is the room that was stored last, and null after `clear`', async () => {
    const user = randomUUID();
    expect(await userRooms.get(user as UserId)).toBeNull();
    await userRooms.set(user as UserId, 'a' as RoomId, false);
    await userRooms.set(user as UserId, 'b' as RoomId, true);
    expect(await userRooms.get(user as UserId)).toEqual({ room: 'b', watching: true });
    await userRooms.clear(user as UserId);
    expect(await userRooms.get(user as UserId)).toBeNull();
  });
});

describe('the view of a room for its members', () => {
  const two = [
    { user: 'ada' as UserId, name: 'Ada', readyRound: 0, here: true },
    { user: 'bob' as UserId, name: 'Bob', readyRound: null, here: false },
  ];

  it('shows which members are ready for the round', async () => {
    const room = await newRoom({ members: two });
    expect(viewOf(room).members.map(({ ready, here }) => [ready, here])).toEqual([
      [true, true],
      [false, false],
    ]);
    expect(isReady({ ...room, round: 1 }, room.doc.members[0])).toBe(false);
  });

  it('shows the seats of the running game', async () => {
    const room = await newRoom({ members: two, players: ['bob' as UserId, 'ada' as UserId] });
    expect(viewOf(room).members.map(({ seat }) => seat)).toEqual([0, 1]);
    expect(viewOf({ ...room, status: 'playing' }).members.map(({ seat }) => seat)).toEqual([1, 0]);
    expect(summaryOf(room)).toMatchObject({ players: 2, seats: 2, status: 'waiting' });
  });
});
