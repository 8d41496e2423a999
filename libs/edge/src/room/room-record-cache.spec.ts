import { randomUUID } from 'node:crypto';
import { PubSub, RedisConnections } from '#libs/redis';
import { encodeRoomDoc, type RoomDoc, type RoomRecord, RoomRecords, roomKey, type StoreGeneration } from '#libs/room-store';
import type { StoreSettlement } from '#libs/settlement';
import { Log } from '#libs/telemetry';
import { RoomRecordCache } from './room-record-cache.js';
import { RoomRestorer } from './room-restorer.js';

const redis = new RedisConnections({ url: process.env.HOLDFAST_TEST_REDIS_URL as string });
const pubSub = new PubSub(redis);
const records = new RoomRecords(redis);
const log = new Log({ server: 'hf:gateway:spec', level: 'silent', format: 'json' });
const settlement = { isSettled: true, isStillSettled: async () => settlement.isSettled };
const generation = { current: 'one', isLate: true, wasSettled: async () => generation.isLate };
const doc: RoomDoc = { name: 'a room', host: 'ada', seats: 2, seatsMin: 2, private: false, members: [], players: [], createdAt: 1 };

beforeAll(() => redis.ready());
afterAll(() => {
  pubSub.onModuleDestroy();
  redis.onApplicationShutdown();
});

describe('who follows a room', () => {
  let cache: RoomRecordCache;
  let room: RoomRecord;
  let told: (RoomRecord | string)[];

  beforeEach(async () => {
    const restorer = new RoomRestorer(records, generation as unknown as StoreGeneration);
    cache = new RoomRecordCache(
      records,
      redis,
      pubSub,
      log,
      settlement as unknown as StoreSettlement,
      generation as unknown as StoreGeneration,
      restorer,
    );
    settlement.isSettled = true;
    Object.assign(generation, { current: 'one', isLate: true });
    told = [];
    cache.onChange({ changed: (record) => told.push(record), closed: (_, reason) => told.push(reason) });
    room = (await records.create(`test-${randomUUID()}`, 'counter', doc)) as RoomRecord;
    expect(cache.follow(room.id)).toBeNull();
    await until(() => told.length === 1);
    expect(told).toEqual([room]);
  });
  afterEach(() => {
    cache.unfollow(room.id);
    cache.onModuleDestroy();
  });

  it('is told each revision, and its end', async () => {
    const ready = (await records.save(room, { doc: { ...doc, name: 'renamed' } })) as RoomRecord;
    const full = (await records.save(ready, { doc: { ...doc, name: 'x'.repeat(10_000) } })) as RoomRecord;
    await until(() => told.length === 3);
    expect(told.slice(1)).toEqual([ready, full]);
    await records.close(full, 'done');
    await until(() => told.length === 4);
    expect(told[3]).toBe('done');
  });

  it('does not read what it is told', async () => {
    // Of a room that is not there any more nothing can be read.
    await redis.commands.del(roomKey(room.id));
    await redis.commands.publish(roomKey(room.id), `saved ${room.rev + 1} 5 starting mine ${encodeRoomDoc(doc)}`);
    await until(() => told.length === 2);
    expect(told[1]).toEqual({ ...room, rev: room.rev + 1, since: 5, status: 'starting', start: 'mine' });
  });

  it('reads what it missed a word of', async () => {
    const [saved, again] = [await records.save(room, { doc: { ...doc, seats: 3 } }), await records.read(room.id)];
    await until(() => told.length === 2);
    expect(told[1]).toEqual(saved);
    // Two revisions on, with one message.
    await redis.commands.hset(roomKey(room.id), 'rev', room.rev + 3, 'status', 'starting');
    await redis.commands.publish(roomKey(room.id), `saved ${room.rev + 3} 5 starting mine ${encodeRoomDoc(doc)}`);
    await until(() => told.length === 3);
    expect(told[2]).toEqual({ ...again, rev: room.rev + 3, status: 'starting' });
  });

  it('is told nothing while the store is not settled, and all of it afterwards', async () => {
    settlement.isSettled = false;
    const saved = (await records.save(room, { doc: { ...doc, seats: 3 } })) as RoomRecord;
    await redis.commands.publish(roomKey(room.id), 'closed by nobody');
    await records.read(room.id);
    expect(told).toHaveLength(1);
    settlement.isSettled = true;
    await cache.compareSettled();
    await until(() => told.length === 2);
    expect(told[1]).toEqual(saved);
  });

  it('is told of every room although the settled store fails to answer at first', async () => {
    generation.current = 'two';
    const isReady = jest.spyOn(redis, 'isReady', 'get').mockReturnValueOnce(false);
    const glance = jest.spyOn(records, 'glance').mockRejectedValueOnce(new Error('Connection is closed.'));
    await cache.compareSettled();
    expect(glance).toHaveBeenCalledTimes(2);
    expect(told).toEqual([room, room]);
    // The glance shows another record, and the read of it fails once.
    await redis.commands.hset(roomKey(room.id), 'rev', room.rev + 1);
    const read = jest.spyOn(records, 'read').mockRejectedValueOnce(new Error('Connection is closed.'));
    await cache.compareSettled();
    expect(told[2]).toEqual({ ...room, rev: room.rev + 1 });
    for (const spy of [isReady, glance, read]) spy.mockRestore();
  });

  it('is told of every room when the connection was lost meanwhile, and stops in another generation', async () => {
    const lose = (next: string | null) => async () => {
      Object.assign(generation, { current: next });
      settlement.isSettled = false;
      throw new Error('Connection is closed.');
    };
    const glance = jest.spyOn(records, 'glance').mockImplementationOnce(lose(null));
    const settled = cache.compareSettled();
    await until(() => !settlement.isSettled);
    expect(told).toHaveLength(1);
    generation.current = 'one';
    settlement.isSettled = true;
    await settled;
    expect(told).toEqual([room, room]);
    glance.mockImplementationOnce(lose('two'));
    await cache.compareSettled();
    expect(told).toHaveLength(2);
    glance.mockRestore();
  });

  it('gives a store that lost the room its record again, and is not told that it is gone', async () => {
    generation.isLate = false;
    const saved = (await records.save(room, { doc: { ...doc, seats: 3 } })) as RoomRecord;
    await until(() => told.length === 2);
    await redis.commands.del(roomKey(room.id));
    cache.refresh(room.id);
    await until(async () => (await records.read(room.id)) !== null);
    expect(await records.read(room.id)).toEqual(saved);
    expect(told).toHaveLength(2);
  });

  it('accepts an older revision of a store that was settled without this gateway', async () => {
    const before = await records.read(room.id);
    await records.save(room, { doc: { ...doc, seats: 3 } });
    await until(() => told.length === 2);
    generation.current = 'two';
    await redis.commands.hset(roomKey(room.id), 'rev', room.rev, 'doc', encodeRoomDoc(doc), 'since', room.since);
    await cache.compareSettled();
    await until(() => told.length === 3);
    expect(told[2]).toEqual(before);
  });

  it('reads the record instead of applying news to a record of an earlier run of the store', async () => {
    const before = { ...room };
    generation.current = 'two';
    // The new run holds another content under the known revision; the next one changes the status alone.
    const other = encodeRoomDoc({ ...doc, name: 'other' });
    await redis.commands.hset(roomKey(room.id), 'rev', before.rev + 1, 'doc', other, 'status', 'starting', 'start', 'mine');
    await redis.commands.publish(roomKey(room.id), `saved ${before.rev + 1} 5 starting mine ${encodeRoomDoc(doc)}`);
    await until(() => told.length === 2);
    expect(told[1]).toMatchObject({ rev: before.rev + 1, doc: { name: 'other' } });
  });

  it('is told of another owner under the same revision in another run of the store', async () => {
    generation.current = 'two';
    await redis.commands.hset(roomKey(room.id), 'epoch', 7);
    await cache.compareSettled();
    await until(() => told.length === 2);
    expect(told[1]).toEqual({ ...room, epoch: 7 });
  });

  it('is told that a room is gone which was closed unheard', async () => {
    settlement.isSettled = false;
    await records.close(room, 'done');
    settlement.isSettled = true;
    await cache.compareSettled();
    await until(() => told.length === 2);
    expect(told[1]).toBe('room-unknown');
  });

  it('holds a revision once it was published, without a read', async () => {
    const read = jest.spyOn(records, 'read');
    let isHeld = false;
    const holding = cache.whenKnown(room.id, room.rev + 1, 5_000).then(() => {
      isHeld = true;
    });
    await cache.whenKnown(room.id, room.rev, 5_000);
    expect(isHeld).toBe(false);
    const saved = await records.save(room, { doc: { ...doc, seats: 3 } });
    await holding;
    expect(cache.get(room.id)).toEqual(saved);
    expect(read).not.toHaveBeenCalled();
    read.mockRestore();
  });

  it('reads a revision once that it follows for the first time, and keeps it for a follower of the same turn', async () => {
    const other = (await records.create(`test-${randomUUID()}`, 'counter', doc)) as RoomRecord;
    const read = jest.spyOn(records, 'read');
    await cache.whenKnown(other.id, other.rev, 5_000);
    expect(cache.follow(other.id)).toEqual(other);
    await new Promise((resolve) => setImmediate(resolve));
    expect(cache.get(other.id)).toEqual(other);
    expect(read).toHaveBeenCalledTimes(1);
    read.mockRestore();
    cache.unfollow(other.id);
    expect(cache.get(other.id)).toBeNull();
  });

  it('waits no longer for a revision of a room that is closed, or of an earlier run of the store', async () => {
    const lost = cache.whenKnown(room.id, room.rev + 1, 60_000);
    generation.current = 'two';
    await cache.compareSettled();
    await lost;
    const closed = cache.whenKnown(room.id, room.rev + 1, 60_000);
    await records.close(room, 'done');
    await closed;
    expect(cache.follow(room.id)).toBeNull();
    cache.unfollow(room.id);
  });

  it('takes an older word for no news', async () => {
    const saved = (await records.save(room, { doc: { ...doc, seats: 3 } })) as RoomRecord;
    await until(() => told.length === 2);
    await redis.commands.publish(roomKey(room.id), `saved ${saved.rev} 5 starting mine ${encodeRoomDoc(doc)}`);
    const next = (await records.save(saved, { doc })) as RoomRecord;
    await until(() => told.length === 3);
    expect(told[2]).toEqual(next);
  });
});

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`was not so in time: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
