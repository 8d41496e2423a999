import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { TicketStore } from '#libs/matchmaking';
import { matchRules, type RoomId, type UserId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { type RoomDoc, RoomRecords, type StoreGeneration } from '#libs/room-store';
import { BACKFILL_READ_MS, BACKFILL_ROOMS } from './lobby.options.js';
import { OpenRooms } from './open-rooms.js';
import { newRoom } from './room-rules.js';

const redis = new RedisConnections({ url: `${process.env.HOLDFAST_TEST_REDIS_URL}/6` });
const records = new RoomRecords(redis);
const tickets = new TicketStore(redis, { onConnected: () => {} } as unknown as StoreGeneration);
const RULES = matchRules({ min: 2, max: 2 }, { backfill: { running: true, waiting: true } });
/** Redis can return a few more rooms of matches than requested. */
const READ_MAX = 3.5 * BACKFILL_ROOMS;

beforeAll(() => redis.ready());
beforeEach(() => redis.commands.flushdb());
afterAll(() => redis.onApplicationShutdown());

let passedMs = 0;
const monotonic = performance.now.bind(performance);
afterEach(() => jest.restoreAllMocks());

/** Creates rooms of one host each. Waiting rooms are public, and running rooms belong to matches. */
async function rooms(count: number, isRunning: boolean, seats = 2): Promise<RoomId[]> {
  const ids = Array.from({ length: count }, () => `open-${randomUUID()}` as RoomId);
  await Promise.all(
    ids.map(async (id, index) => {
      const host = { user: `u-${id}` as UserId, name: 'host' };
      const room = newRoom(host, { seats: { min: 1, max: seats } }, 1_000 + index);
      const doc: RoomDoc = isRunning ? { ...room, private: true, backfill: {} } : room;
      await records.create(id, 'duel', doc, isRunning ? 'playing' : 'waiting');
      if (isRunning) await tickets.addOpenRoom('duel', id);
    }),
  );
  return ids;
}

/** Reads the open rooms until a condition holds. Returns the number of records that each read fetched. */
async function read(open: OpenRooms, seen: Set<RoomId>, isDone: () => boolean, readsMax: number): Promise<number[]> {
  const readMany = jest.spyOn(records, 'readMany');
  jest.spyOn(performance, 'now').mockImplementation(() => monotonic() + passedMs);
  for (let reads = 0; !isDone() && reads < readsMax; reads++) {
    passedMs += BACKFILL_READ_MS;
    for (const { room } of await open.next('duel', RULES)) seen.add(room);
  }
  return readMany.mock.calls.map(([ids]) => ids.length);
}

describe('the rotation through the open rooms of a game', () => {
  it.each([
    ['public waiting rooms', false],
    ['running rooms of matches', true],
  ])('reads all %s in parts of limited size', async (_, isRunning) => {
    const ids = await rooms(550, isRunning);
    const open = new OpenRooms(tickets, records);
    for (let rotation = 0; rotation < 3; rotation++) {
      const seen = new Set<RoomId>();
      const sizes = await read(open, seen, () => seen.size === ids.length, 7);
      expect(ids.filter((id) => !seen.has(id))).toEqual([]);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(READ_MAX);
    }
  });

  it('finds all rooms with a free seat in each read when few rooms exist', async () => {
    const [waiting, running] = [await rooms(3, false), await rooms(3, true)];
    await rooms(3, true, 1);
    const open = new OpenRooms(tickets, records);
    for (let reads = 0; reads < 2; reads++) {
      const seen = new Set<RoomId>();
      await read(open, seen, () => false, 1);
      expect([...seen].sort()).toEqual([...waiting, ...running].sort());
    }
  });

  it('reads a room with a free seat more often than a full room', async () => {
    await rooms(1_000, true, 1);
    const [vacant] = await rooms(1, true);
    const open = new OpenRooms(tickets, records);
    const seen = new Set<RoomId>();
    await read(open, seen, () => seen.has(vacant!), 15);
    for (let reads = 0; reads < 5; reads++) {
      seen.clear();
      await read(open, seen, () => false, 1);
      expect([...seen]).toEqual([vacant]);
    }
  });

  it('reads the rooms again when a room changes during a read', async () => {
    const [room] = await rooms(1, true);
    const open = new OpenRooms(tickets, records);
    const reading = open.next('duel', RULES);
    open.readAgain('duel', null);
    expect(await reading).toMatchObject([{ room }]);
    await redis.commands.del(`hf:room:{${room}}`);
    expect(await open.next('duel', RULES)).toEqual([]);
  });

  it('removes closed rooms from the list of open rooms', async () => {
    const [kept, closed] = await rooms(2, true);
    await redis.commands.del(`hf:room:{${closed}}`);
    await read(new OpenRooms(tickets, records), new Set(), () => false, 1);
    expect((await tickets.openRooms('duel', '0', 10)).rooms).toEqual([kept]);
  });
});
