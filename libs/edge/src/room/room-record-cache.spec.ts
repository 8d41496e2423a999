import { randomUUID } from 'node:crypto';
import type { RoomId } from '#libs/protocol';
import { PubSub, RedisConnections } from '#libs/redis';
import { encodeRoomDoc, type RoomRecord, RoomRecords, roomKey, type StoreGeneration } from '#libs/room-store';
import type { StoreSettlement } from '#libs/settlement';
import { Log } from '#libs/telemetry';
import { roomDoc } from '../../../../tools/fixtures/room-doc.fixture.js';
import { until } from '../../../../tools/process/until.mjs';
import { RoomRecordCache } from './room-record-cache.js';
import { RoomRestorer } from './room-restorer.js';

const redis = new RedisConnections({ url: process.env.HOLDFAST_TEST_REDIS_URL as string });
const pubSub = new PubSub(redis);
const records = new RoomRecords(redis);
const log = new Log({ server: 'hf:gateway:spec', level: 'silent', format: 'json' });
const settlement = { isSettled: true, isStillSettled: async () => settlement.isSettled };
const generation = { current: 'one', isLate: true, wasSettled: async () => generation.isLate };
const doc = roomDoc();

beforeAll(() => redis.ready());
afterAll(() => {
  redis.onApplicationShutdown();
});

describe('the cache of room records', () => {
  let cache: RoomRecordCache;
  let room: RoomRecord;
  let reported: (RoomRecord | string)[];

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
    cache.onModuleInit();
    settlement.isSettled = true;
    Object.assign(generation, { current: 'one', isLate: true });
    reported = [];
    cache.onChange({ changed: (record) => reported.push(record), closed: (_, reason) => reported.push(reason) });
    room = (await records.create(`test-${randomUUID()}` as RoomId, 'counter', doc)) as RoomRecord;
    expect(cache.follow(room.id)).toBeNull();
    await until(() => reported.length === 1);
    expect(reported).toEqual([room]);
  });
  afterEach(() => {
    cache.unfollow(room.id);
    cache.onModuleDestroy();
  });

  it('reports each revision of a room and the close of the room', async () => {
    const ready = (await records.save(room, { doc: { ...doc, name: 'renamed' } })) as RoomRecord;
    const full = (await records.save(ready, { doc: { ...doc, name: 'x'.repeat(10_000) } })) as RoomRecord;
    await until(() => reported.length === 3);
    expect(reported.slice(1)).toEqual([ready, full]);
    await records.close(full, 'empty');
    await until(() => reported.length === 4);
    expect(reported[3]).toBe('empty');
  });

  it('applies a published change without reading the record', async () => {
    // The store has no record, so the gateway can learn of the change only from the publication.
    await redis.commands.del(roomKey(room.id));
    await redis.commands.publish(roomKey(room.id), `saved ${room.rev + 1} 5 starting mine ${encodeRoomDoc(doc)}`);
    await until(() => reported.length === 2);
    expect(reported[1]).toEqual({ ...room, rev: room.rev + 1, since: 5, status: 'starting', start: 'mine' });
  });

  it('reads the record when a publication shows that an earlier publication was lost', async () => {
    const [saved, again] = [await records.save(room, { doc: { ...doc, seats: 3 } }), await records.read(room.id)];
    await until(() => reported.length === 2);
    expect(reported[1]).toEqual(saved);
    // The record changes by two revisions, and only one publication arrives.
    await redis.commands.hset(roomKey(room.id), 'rev', room.rev + 3, 'status', 'starting');
    await redis.commands.publish(roomKey(room.id), `saved ${room.rev + 3} 5 starting mine ${encodeRoomDoc(doc)}`);
    await until(() => reported.length === 3);
    expect(reported[2]).toEqual({ ...again, rev: room.rev + 3, status: 'starting' });
  });

  it('reports a change that was published while the connection was lost', async () => {
    await redis.commands.hset(roomKey(room.id), 'rev', room.rev + 1, 'status', 'starting');
    const readDigests = jest.spyOn(records, 'readDigests').mockRejectedValueOnce(new Error('Connection is closed.'));
    settlement.isSettled = false;
    redis.subscriptions.disconnect(true);
    await until(() => redis.subscriptions.status === 'ready');
    settlement.isSettled = true;
    await until(() => reported.length === 2);
    expect(reported[1]).toMatchObject({ rev: room.rev + 1, status: 'starting' });
    expect(readDigests).toHaveBeenCalledTimes(2);
    readDigests.mockRestore();
  });

  it('reports a change in an unsettled store only after the store has settled', async () => {
    settlement.isSettled = false;
    const saved = (await records.save(room, { doc: { ...doc, seats: 3 } })) as RoomRecord;
    await redis.commands.publish(roomKey(room.id), 'closed by nobody');
    await records.read(room.id);
    expect(reported).toHaveLength(1);
    settlement.isSettled = true;
    await cache.compareSettled();
    await until(() => reported.length === 2);
    expect(reported[1]).toEqual(saved);
  });

  it('repeats the comparison with the settled store when a read fails', async () => {
    generation.current = 'two';
    const isReady = jest.spyOn(redis, 'isReady', 'get').mockReturnValueOnce(false);
    const readDigests = jest.spyOn(records, 'readDigests').mockRejectedValueOnce(new Error('Connection is closed.'));
    await cache.compareSettled();
    expect(readDigests).toHaveBeenCalledTimes(2);
    expect(reported).toEqual([room, room]);
    // The comparison with the store finds a changed record. The first read of that record fails.
    await redis.commands.hset(roomKey(room.id), 'rev', room.rev + 1);
    const read = jest.spyOn(records, 'read').mockRejectedValueOnce(new Error('Connection is closed.'));
    await cache.compareSettled();
    expect(reported[2]).toEqual({ ...room, rev: room.rev + 1 });
    for (const spy of [isReady, readDigests, read]) spy.mockRestore();
  });

  it('reports every room after a reconnect, even when the store generation is unchanged', async () => {
    const lose = (next: string | null) => async () => {
      Object.assign(generation, { current: next });
      settlement.isSettled = false;
      throw new Error('Connection is closed.');
    };
    const readDigests = jest.spyOn(records, 'readDigests').mockImplementationOnce(lose(null));
    const settled = cache.compareSettled();
    await until(() => !settlement.isSettled);
    expect(reported).toHaveLength(1);
    generation.current = 'one';
    settlement.isSettled = true;
    await settled;
    expect(reported).toEqual([room, room]);
    readDigests.mockImplementationOnce(lose('two'));
    await cache.compareSettled();
    expect(reported).toHaveLength(2);
    readDigests.mockRestore();
  });

  it('reports no room when the store generation changes during the comparison', async () => {
    const original = records.readDigests.bind(records);
    const readDigests = jest.spyOn(records, 'readDigests').mockImplementationOnce(async (ids) => {
      const digests = await original(ids);
      Object.assign(generation, { current: 'two' });
      return digests;
    });
    await cache.compareSettled();
    expect(reported).toEqual([room]);
    await cache.compareSettled();
    expect(reported).toEqual([room, room]);
    readDigests.mockRestore();
  });

  it('restores a record that the store lost', async () => {
    generation.isLate = false;
    const saved = (await records.save(room, { doc: { ...doc, seats: 3 } })) as RoomRecord;
    await until(() => reported.length === 2);
    await redis.commands.del(roomKey(room.id));
    cache.refresh(room.id);
    await until(async () => (await records.read(room.id)) !== null);
    expect(await records.read(room.id)).toEqual(saved);
    expect(reported).toHaveLength(2);
  });

  it('accepts an older revision from a restarted store', async () => {
    const before = await records.read(room.id);
    await records.save(room, { doc: { ...doc, seats: 3 } });
    await until(() => reported.length === 2);
    generation.current = 'two';
    await redis.commands.hset(roomKey(room.id), 'rev', room.rev, 'doc', encodeRoomDoc(doc), 'since', room.since);
    await cache.compareSettled();
    await until(() => reported.length === 3);
    expect(reported[2]).toEqual(before);
  });

  it('reads the record when a change is published in a new store generation', async () => {
    const before = { ...room };
    generation.current = 'two';
    // The new generation has another document under the known revision. The publication changes only the status.
    const other = encodeRoomDoc({ ...doc, name: 'other' });
    await redis.commands.hset(roomKey(room.id), 'rev', before.rev + 1, 'doc', other, 'status', 'starting', 'start', 'mine');
    await redis.commands.publish(roomKey(room.id), `saved ${before.rev + 1} 5 starting mine ${encodeRoomDoc(doc)}`);
    await until(() => reported.length === 2);
    expect(reported[1]).toMatchObject({ rev: before.rev + 1, doc: { name: 'other' } });
  });

  it('reports a new owner in a new store generation, even with an equal revision', async () => {
    generation.current = 'two';
    await redis.commands.hset(roomKey(room.id), 'epoch', 7);
    await cache.compareSettled();
    await until(() => reported.length === 2);
    expect(reported[1]).toEqual({ ...room, epoch: 7 });
  });

  it('reports a closed room when the publication of the close was lost', async () => {
    settlement.isSettled = false;
    await records.close(room, 'empty');
    settlement.isSettled = true;
    await cache.compareSettled();
    await until(() => reported.length === 2);
    expect(reported[1]).toBe('room-unknown');
  });

  it('waits until a revision is published, without reading the record', async () => {
    const read = jest.spyOn(records, 'read');
    let isKnown = false;
    const waiting = cache.whenKnown(room.id, room.rev + 1, 5_000).then(() => {
      isKnown = true;
    });
    await cache.whenKnown(room.id, room.rev, 5_000);
    expect(isKnown).toBe(false);
    const saved = await records.save(room, { doc: { ...doc, seats: 3 } });
    await waiting;
    expect(cache.get(room.id)).toEqual(saved);
    expect(read).not.toHaveBeenCalled();
    read.mockRestore();
  });

  it('reads the record of a new room only once for `whenKnown` and `follow`', async () => {
    const other = (await records.create(`test-${randomUUID()}` as RoomId, 'counter', doc)) as RoomRecord;
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

  it('stops the wait for a revision when the room closes or the store generation changes', async () => {
    const lost = cache.whenKnown(room.id, room.rev + 1, 60_000);
    generation.current = 'two';
    await cache.compareSettled();
    await lost;
    const closed = cache.whenKnown(room.id, room.rev + 1, 60_000);
    await records.close(room, 'empty');
    await closed;
    expect(cache.follow(room.id)).toBeNull();
    cache.unfollow(room.id);
  });

  it('ignores a publication of a revision that the cache contains', async () => {
    const saved = (await records.save(room, { doc: { ...doc, seats: 3 } })) as RoomRecord;
    await until(() => reported.length === 2);
    await redis.commands.publish(roomKey(room.id), `saved ${saved.rev} 5 starting mine ${encodeRoomDoc(doc)}`);
    const next = (await records.save(saved, { doc })) as RoomRecord;
    await until(() => reported.length === 3);
    expect(reported[2]).toEqual(next);
  });
});
