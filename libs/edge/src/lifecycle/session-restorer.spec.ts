import { randomUUID } from 'node:crypto';
import type { Self } from '#libs/fleet';
import { type RoomId, type SessionId, serverId, type UserId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { type StoreGeneration, UserRooms } from '#libs/room-store';
import { GatewaySessionIndex, hashOf, PendingAwayMarks, SessionStore } from '#libs/session';
import type { Log } from '#libs/telemetry';
import { LOST_SESSION_WAIT_MS } from '../edge.options.js';
import type { RoomRecordCache } from '../room/room-record-cache.js';
import type { RoomRestorer } from '../room/room-restorer.js';
import { newSessionTable } from '../session/session-table.fixture.js';
import { SessionRestorer } from './session-restorer.js';

// The test empties its database, so it uses a database that no other spec uses.
const redis = new RedisConnections({ url: `${process.env.HOLDFAST_TEST_REDIS_URL}/9` });
const userRooms = new UserRooms(redis);

beforeAll(() => redis.ready());
beforeEach(() => redis.commands.flushdb());
afterEach(() => jest.restoreAllMocks());
afterAll(() => redis.onApplicationShutdown());

/** Shortens the TTL of all keys by `ms`, as if somebody had set the clock of the store ahead. Keys with a shorter TTL expire. */
async function setStoreAhead(ms: number): Promise<void> {
  for (const key of await redis.commands.keys('*')) {
    const leftMs = await redis.commands.pttl(key);
    if (leftMs >= 0) await redis.commands.pexpire(key, leftMs - ms);
  }
}

/** Returns a new gateway: its sessions, and the restorer of these sessions. */
function newGateway(sessionTtlMs?: number) {
  const id = serverId('gateway', randomUUID());
  const store = new SessionStore(redis, new GatewaySessionIndex(redis), new PendingAwayMarks(redis), {
    auth: { kind: 'guest' },
    sessionTtlMs,
  });
  const table = newSessionTable();
  const marked: string[] = [];
  const generation = { current: 'one' as string | null, markAudited: async (_: unknown, name: string) => void marked.push(name) };
  const log = { warn: () => {} } as unknown as Log;
  const self = { id, incarnation: 1 } as Self;
  const cache = { all: () => [] } as unknown as RoomRecordCache;
  const rooms = { restoreAll: async () => 0 } as unknown as RoomRestorer;
  const restorer = new SessionRestorer(table, store, userRooms, generation as unknown as StoreGeneration, redis, self, log, cache, rooms);
  const newSession = async (user = `user-${randomUUID()}` as UserId) => {
    const { session, secret } = await store.create({ user, name: 'Ada', gateway: id, incarnation: 1 });
    const gatewaySession = table.add(session, user, 'Ada');
    gatewaySession.secretHash = hashOf(secret);
    return { gatewaySession, secret, resume: () => store.resume({ session, secret, gateway: id, incarnation: 1 }) };
  };
  return { id, store, table, generation, marked, restorer, newSession };
}

describe('sessions that the store lost', () => {
  it('are restored by their gateway with their room and secret', async () => {
    const { restorer, newSession } = newGateway();
    const { gatewaySession, resume } = await newSession();
    gatewaySession.binding = { room: 'a-room' as RoomId, watching: false, rev: 1 };
    await restorer.check();
    await redis.commands.flushdb();
    await restorer.check();
    expect(await userRooms.get(gatewaySession.user)).toEqual({ room: 'a-room', watching: false });
    expect(await resume()).toMatchObject({ session: gatewaySession.id, user: gatewaySession.user, name: 'Ada' });
  });

  it.each([
    ['an hour', 3_600_000, undefined],
    ['almost the TTL of a session', 3_580_000, undefined],
    ['half an hour, when sessions last for ten minutes', 1_800_000, 600_000],
    ['half a minute, when sessions last for half a minute', 30_000, 30_000],
  ])('are restored with the room of their user when the clock of the store is set ahead by %s', async (_, ms, ttlMs) => {
    const { restorer, newSession } = newGateway(ttlMs);
    const { gatewaySession, resume } = await newSession();
    gatewaySession.admissionNumber = (await userRooms.admit(gatewaySession.user)).admissionNumber;
    gatewaySession.binding = { room: 'a-room' as RoomId, watching: false, rev: 1 };
    // The gateway last renewed the session a third of the TTL ago, but not more than half a minute ago.
    const key = `hf:session:${gatewaySession.id}`;
    await redis.commands.pexpire(key, (await redis.commands.pttl(key)) - Math.min(30_000, (ttlMs ?? 3_600_000) / 3));
    await restorer.check();
    await setStoreAhead(ms);
    expect(await redis.commands.exists(key)).toBe(0);
    await restorer.check();
    await expect(resume()).resolves.toMatchObject({ session: gatewaySession.id });
    expect(await userRooms.get(gatewaySession.user)).toEqual({ room: 'a-room', watching: false });
  });

  it('make `isIncomplete` return true for some seconds after the loss', async () => {
    const { restorer } = newGateway();
    expect(await restorer.isIncomplete()).toBe(false);
    await restorer.check();
    expect(await restorer.isIncomplete()).toBe(false);
    const before = restorer.check();
    await redis.commands.flushdb();
    expect(await Promise.all([restorer.isIncomplete(), before])).toEqual([true, undefined]);
    expect(await restorer.isIncomplete()).toBe(true);
    const now = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => now() + LOST_SESSION_WAIT_MS);
    expect(await restorer.isIncomplete()).toBe(false);
  });

  it('are restored when the loss happened before the first check of the gateway', async () => {
    const { restorer, newSession } = newGateway();
    const { gatewaySession, resume } = await newSession();
    await redis.commands.flushdb();
    await restorer.check();
    await expect(resume()).resolves.toMatchObject({ session: gatewaySession.id });
  });

  it("are restored when the store generation changes, even when the gateway's mark survived", async () => {
    const { restorer, generation, newSession } = newGateway();
    const { gatewaySession, resume } = await newSession();
    await restorer.check();
    await redis.commands.del(`hf:session:${gatewaySession.id}`);
    await restorer.check();
    await expect(resume()).rejects.toMatchObject({ code: 'session-unknown' });
    generation.current = 'two';
    await restorer.check();
    await expect(resume()).resolves.toMatchObject({ session: gatewaySession.id });
  });

  it('are not restored when their user has logged in again', async () => {
    const { restorer, store, newSession } = newGateway();
    const { gatewaySession, resume } = await newSession();
    await restorer.check();
    await redis.commands.flushdb();
    const again = await store.create({ user: gatewaySession.user, name: 'Ada', gateway: serverId('gateway', 'other'), incarnation: 1 });
    await restorer.check();
    await expect(resume()).rejects.toMatchObject({ code: 'session-unknown' });
    expect((await store.find(gatewaySession.user))?.session).toBe(again.session);
  });

  it('replace an older login of the user when the store lost its latest data', async () => {
    const { restorer, store, generation, newSession } = newGateway();
    const { gatewaySession, resume } = await newSession();
    gatewaySession.admissionNumber = (await userRooms.admit(gatewaySession.user)).admissionNumber;
    await restorer.check();
    const older = await store.create({ user: gatewaySession.user, name: 'Ada', gateway: serverId('gateway', 'other'), incarnation: 1 });
    await redis.commands.del(`hf:session:${gatewaySession.id}`);
    await redis.commands.hset(`hf:user:${gatewaySession.user}`, 'turn', gatewaySession.admissionNumber - 1);
    generation.current = 'two';
    await restorer.check();
    await expect(resume()).resolves.toMatchObject({ session: gatewaySession.id });
    expect((await store.find(gatewaySession.user))?.session).not.toBe(older.session);
  });

  it('do not replace a later login of the user in a new store generation', async () => {
    const { restorer, store, generation, newSession } = newGateway();
    const { gatewaySession, resume } = await newSession();
    gatewaySession.admissionNumber = (await userRooms.admit(gatewaySession.user)).admissionNumber;
    await restorer.check();
    const later = await store.create({ user: gatewaySession.user, name: 'Ada', gateway: serverId('gateway', 'other'), incarnation: 1 });
    await userRooms.admit(gatewaySession.user);
    generation.current = 'two';
    await restorer.check();
    expect((await store.find(gatewaySession.user))?.session).toBe(later.session);
    await expect(resume()).rejects.toMatchObject({ code: 'session-unknown' });
  });

  it('are compared with the store once per store generation', async () => {
    const { restorer, generation, marked, newSession } = newGateway();
    await newSession();
    await restorer.check();
    await restorer.check();
    generation.current = 'two';
    await restorer.check();
    expect(marked).toEqual(['one', 'two']);
  });

  it('are returned by `takeRestored` with the room that the store has for their user', async () => {
    const { restorer, generation, newSession } = newGateway();
    const { gatewaySession } = await newSession();
    gatewaySession.admissionNumber = (await userRooms.admit(gatewaySession.user)).admissionNumber;
    await restorer.check();
    restorer.takeRestored();
    await userRooms.set(gatewaySession.user, 'left-before' as RoomId, false);
    generation.current = 'two';
    await restorer.check();
    expect(restorer.takeRestored()).toEqual([
      { session: gatewaySession, outcome: 'written', before: { room: 'left-before', watching: false } },
    ]);
    expect(await userRooms.get(gatewaySession.user)).toBeNull();
  });

  it('are not restored when they have ended in the store', async () => {
    const { restorer, store, newSession } = newGateway();
    const { gatewaySession, resume } = await newSession();
    await restorer.check();
    await store.end(gatewaySession.id as SessionId);
    await restorer.check();
    await expect(resume()).rejects.toMatchObject({ code: 'session-unknown' });
  });

  describe('which their gateway renews', () => {
    const renewed = ({ gatewaySession }: { gatewaySession: { id: SessionId; user: UserId } }) => [
      { session: gatewaySession.id, user: gatewaySession.user },
    ];

    it('continue when the store is emptied between the check and the renewal of the sessions', async () => {
      const { restorer, store, newSession } = newGateway();
      const player = await newSession();
      await restorer.check();
      const touch = store.touch.bind(store);
      jest.spyOn(store, 'touch').mockImplementationOnce(async (sessions) => {
        await redis.commands.flushdb();
        return touch(sessions);
      });
      await expect(restorer.touch(renewed(player))).resolves.toEqual([]);
      await expect(player.resume()).resolves.toMatchObject({ session: player.gatewaySession.id });
    });

    it('continue while the store generation is unknown', async () => {
      const { restorer, generation, newSession } = newGateway();
      const player = await newSession();
      await restorer.check();
      generation.current = null;
      await redis.commands.flushdb();
      await expect(restorer.touch(renewed(player))).rejects.toThrow('which store this is');
      generation.current = 'two';
      await expect(restorer.touch(renewed(player))).resolves.toEqual([]);
    });

    it('end when their user has logged in again', async () => {
      const { restorer, store, newSession } = newGateway();
      const player = await newSession();
      await restorer.check();
      await store.create({ user: player.gatewaySession.user, name: 'Ada', gateway: serverId('gateway', 'other'), incarnation: 1 });
      await expect(restorer.touch(renewed(player))).resolves.toEqual([player.gatewaySession.id]);
    });
  });
});
