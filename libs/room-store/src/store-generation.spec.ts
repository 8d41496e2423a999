import { EventEmitter } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import type { RoomId, ServerId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { until } from '../../../tools/process/until.mjs';
import { startRedis } from '../../../tools/redis/index.mjs';
import { RoomLog } from './room-log.js';
import { StoreGeneration } from './store-generation.js';

type RunningRedis = Awaited<ReturnType<typeof startRedis>>;

let folder: string;
/** The Redis process before a failover. */
let before: RunningRedis;
/** The Redis process after a failover. */
let after: RunningRedis;
let redis: RedisConnections;
let generation: StoreGeneration;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-generation-'));
  [before, after] = await Promise.all(['before', 'after'].map((name) => startRedis({ dir: join(folder, name) })));
});
afterAll(async () => {
  await Promise.all([before.stop(), after.stop()]);
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  redis = new RedisConnections({ url: before.url });
  generation = new StoreGeneration(redis);
  generation.awaitSettlement();
  await redis.ready();
  await until(() => generation.current !== null);
  await generation.settle(generation.current as string);
});
afterEach(() => redis.onApplicationShutdown());

/** Simulates a failover: the connection closes, and the next connection reaches another Redis process. */
function moveOn(client: RedisConnections['commands']): void {
  Object.defineProperty((client as Redis).options, 'port', { value: after.port });
  (client as Redis).disconnect(true);
}

describe('the generation of a store', () => {
  it.each(['appends', 'commands'] as const)(
    'is unknown while only the connection `%s` has reached the new Redis process',
    async (first) => {
      const settled = generation.current;
      expect(generation.isSettled).toBe(true);
      moveOn(redis[first]);
      await until(() => redis[first].status !== 'ready');
      expect([generation.current, generation.isSettled]).toEqual([null, false]);
      await until(() => redis[first].status === 'ready');
      // When Redis has answered this PING, it has also answered the INFO that `generation` sent before.
      await redis[first].ping();
      expect([generation.current, generation.isSettled]).toEqual([null, false]);

      const connected = new Promise<void>((resolve) => generation.onConnected(resolve));
      moveOn(redis[first === 'appends' ? 'commands' : 'appends']);
      await connected;
      expect(generation.current).not.toBeNull();
      expect(generation.current).not.toBe(settled);
      expect(generation.isSettled).toBe(false);
      await generation.settle(generation.current as string);
      expect(generation.isSettled).toBe(true);
    },
  );

  it('is settled again when a lost connection returns to a Redis process that did not restart', async () => {
    const settled = generation.current;
    redis.commands.disconnect(true);
    await until(() => redis.commands.status !== 'ready');
    expect(generation.isSettled).toBe(false);
    await until(() => generation.isSettled);
    expect(generation.current).toBe(settled);
  });
});

describe('the generation of a Redis Cluster', () => {
  /** A Cluster of one primary. Each INFO waits until the test answers it. */
  class FakeCluster extends EventEmitter {
    status = 'ready';
    readonly asked: { answer(run: string): void; fail(): void }[] = [];
    nodes(): unknown[] {
      return [{ info: () => this.info() }];
    }
    private info(): Promise<string> {
      return new Promise((resolve, reject) => {
        this.asked.push({ answer: (run) => resolve(`run_id:${run}\r\n`), fail: () => reject(new Error('LOADING')) });
      });
    }
  }

  let cluster: FakeCluster;
  let ofCluster: StoreGeneration;
  beforeEach(async () => {
    cluster = new FakeCluster();
    ofCluster = new StoreGeneration({ appends: cluster, commands: cluster } as unknown as RedisConnections);
    cluster.asked[0]?.answer('one');
    await until(() => ofCluster.current === 'one');
  });

  it('is unknown after a change of the nodes until the primary returns its run id', async () => {
    cluster.emit('-node');
    expect(ofCluster.current).toBeNull();
    await until(() => cluster.asked.length === 2);
    cluster.asked[1]?.fail();
    await until(() => cluster.asked.length === 3);
    expect(ofCluster.current).toBeNull();
    cluster.asked[2]?.answer('two');
    await until(() => ofCluster.current === 'two');
  });

  it('is not changed by a late answer to an earlier INFO command', async () => {
    cluster.emit('ready');
    cluster.emit('ready');
    cluster.asked[2]?.answer('two');
    await until(() => ofCluster.current === 'two');
    cluster.asked[1]?.answer('one');
    await new Promise((resolve) => setImmediate(resolve));
    expect(ofCluster.current).toBe('two');

    cluster.emit('ready');
    cluster.emit('+node');
    cluster.asked[3]?.answer('two');
    await new Promise((resolve) => setImmediate(resolve));
    expect(ofCluster.current).toBeNull();
    await until(() => cluster.asked.length === 5);
    cluster.asked[4]?.answer('three');
    await until(() => ofCluster.current === 'three');
  });
});

describe('RoomLog', () => {
  it('refuses to open, adopt or abandon a room while the store is not settled', async () => {
    const log = new RoomLog(redis, { replicas: 0, replicasTimeoutMs: 100 }, generation);
    const owner = { server: 'hf:game:1' as ServerId, incarnation: 1 };
    const tenure = { ...owner, epoch: 1 };
    expect(await log.abandon('room' as RoomId, tenure, { reason: 'orphaned' })).toBe(false);
    await redis.commands.hset('hf:room:{room}', { ...tenure, owner: owner.server, status: 'playing', rev: 1, doc: '{}' });
    moveOn(redis.appends);
    await until(() => redis.appends.status !== 'ready');
    const refused = { code: 'unavailable' };
    await expect(log.open('room' as RoomId, 's', owner, null, 'none')).rejects.toMatchObject(refused);
    await expect(log.adopt('room' as RoomId, tenure, owner)).rejects.toMatchObject(refused);
    await expect(log.abandon('room' as RoomId, tenure, { reason: 'orphaned' })).rejects.toMatchObject(refused);
    expect(await redis.commands.hget('hf:room:{room}', 'status')).toBe('playing');
    await until(() => redis.appends.status === 'ready');
  });
});
