import { randomUUID } from 'node:crypto';
import type { Self } from '#libs/fleet';
import { type SessionId, serverId, type UserId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { type StoreGeneration, UserRooms } from '#libs/room-store';
import { GatewaySessionIndex, hashOf, PendingAwayMarks, SessionStore } from '#libs/session';
import type { Log, Metrics } from '#libs/telemetry';
import type { RoomRecordCache } from '../room/room-record-cache.js';
import type { RoomRestorer } from '../room/room-restorer.js';
import { SessionTable } from '../session/session-table.js';
import { SessionRestorer } from './session-restorer.js';

// A database of its own: it is emptied.
const redis = new RedisConnections({ url: `${process.env.HOLDFAST_TEST_REDIS_URL}/9` });
const userRooms = new UserRooms(redis);

beforeAll(() => redis.ready());
beforeEach(() => redis.commands.flushdb());
afterAll(() => redis.onApplicationShutdown());

/** A gateway, as far as it remembers its sessions. */
function newGateway() {
  const id = serverId('gateway', randomUUID());
  const store = new SessionStore(redis, new GatewaySessionIndex(redis), new PendingAwayMarks(redis), { auth: { kind: 'guest' } });
  const table = new SessionTable({ sessions: { set: () => {} } } as unknown as Metrics);
  const marked: string[] = [];
  const generation = { current: 'one' as string | null, markAudited: async (_: unknown, name: string) => void marked.push(name) };
  const log = { warn: () => {} } as unknown as Log;
  const self = { id, incarnation: 1 } as Self;
  const cache = { all: () => [] } as unknown as RoomRecordCache;
  const rooms = { restoreAll: async () => 0 } as unknown as RoomRestorer;
  const restorer = new SessionRestorer(table, store, userRooms, generation as unknown as StoreGeneration, redis, self, log, cache, rooms);
  const welcome = async (user = `user-${randomUUID()}` as UserId) => {
    const { session, secret } = await store.create({ user, name: 'Ada', gateway: id, incarnation: 1 });
    const held = table.add(session, user, 'Ada');
    held.secretHash = hashOf(secret);
    return { held, secret, resume: () => store.resume({ session, secret, gateway: id, incarnation: 1 }) };
  };
  return { id, store, table, generation, marked, restorer, welcome };
}

describe('sessions that the store lost', () => {
  it('are written again by the gateway that holds them, with their room, and resume with the secret they were given', async () => {
    const { restorer, welcome } = newGateway();
    const { held, resume } = await welcome();
    held.binding = { room: 'a-room', watching: false, rev: 1 };
    await restorer.check();
    await redis.commands.flushdb();
    await restorer.check();
    expect(await userRooms.get(held.user)).toEqual({ room: 'a-room', watching: false });
    expect(await resume()).toMatchObject({ session: held.id, user: held.user, name: 'Ada' });
  });

  it('before the gateway looked for the first time are written again as well', async () => {
    const { restorer, welcome } = newGateway();
    const { held, resume } = await welcome();
    await redis.commands.flushdb();
    await restorer.check();
    await expect(resume()).resolves.toMatchObject({ session: held.id });
  });

  it('are looked for when the store is another, though it remembers us', async () => {
    const { restorer, generation, welcome } = newGateway();
    const { held, resume } = await welcome();
    await restorer.check();
    await redis.commands.del(`hf:session:${held.id}`);
    await restorer.check();
    await expect(resume()).rejects.toMatchObject({ code: 'session-unknown' });
    generation.current = 'two';
    await restorer.check();
    await expect(resume()).resolves.toMatchObject({ session: held.id });
  });

  it('stay over where their user has logged in anew meanwhile', async () => {
    const { restorer, store, welcome } = newGateway();
    const { held, resume } = await welcome();
    await restorer.check();
    await redis.commands.flushdb();
    const anew = await store.create({ user: held.user, name: 'Ada', gateway: serverId('gateway', 'other'), incarnation: 1 });
    await restorer.check();
    await expect(resume()).rejects.toMatchObject({ code: 'session-unknown' });
    expect((await store.find(held.user))?.session).toBe(anew.session);
  });

  it('are written over an older login of their user in a store that fell back', async () => {
    const { restorer, store, generation, welcome } = newGateway();
    const { held, resume } = await welcome();
    held.admission = (await userRooms.admit(held.user)).turn;
    await restorer.check();
    const older = await store.create({ user: held.user, name: 'Ada', gateway: serverId('gateway', 'other'), incarnation: 1 });
    await redis.commands.del(`hf:session:${held.id}`);
    await redis.commands.hset(`hf:user:${held.user}`, 'turn', held.admission - 1);
    generation.current = 'two';
    await restorer.check();
    await expect(resume()).resolves.toMatchObject({ session: held.id });
    expect((await store.find(held.user))?.session).not.toBe(older.session);
  });

  it('are marked as written again once for each run of the store, after that', async () => {
    const { restorer, generation, marked, welcome } = newGateway();
    await welcome();
    await restorer.check();
    await restorer.check();
    generation.current = 'two';
    await restorer.check();
    expect(marked).toEqual(['one', 'two']);
  });

  it('say where the store had their users before', async () => {
    const { restorer, generation, welcome } = newGateway();
    const { held } = await welcome();
    held.admission = (await userRooms.admit(held.user)).turn;
    await restorer.check();
    restorer.takeRestored();
    await userRooms.set(held.user, 'left-before', false);
    generation.current = 'two';
    await restorer.check();
    expect(restorer.takeRestored()).toEqual([{ session: held, outcome: 'written', before: { room: 'left-before', watching: false } }]);
    expect(await userRooms.get(held.user)).toBeNull();
  });

  it('that ended by themselves are not brought back', async () => {
    const { restorer, store, welcome } = newGateway();
    const { held, resume } = await welcome();
    await restorer.check();
    await store.end(held.id as SessionId);
    await restorer.check();
    await expect(resume()).rejects.toMatchObject({ code: 'session-unknown' });
  });

  describe('when they are touched', () => {
    const touched = ({ held }: { held: { id: SessionId; user: UserId } }) => [{ session: held.id, user: held.user }];

    it('are not over where the store is emptied between the look and the touch', async () => {
      const { restorer, store, welcome } = newGateway();
      const player = await welcome();
      await restorer.check();
      const touch = store.touch.bind(store);
      jest.spyOn(store, 'touch').mockImplementationOnce(async (sessions) => {
        await redis.commands.flushdb();
        return touch(sessions);
      });
      await expect(restorer.touch(touched(player))).resolves.toEqual([]);
      await expect(player.resume()).resolves.toMatchObject({ session: player.held.id });
    });

    it('are not over before it is known which store this is', async () => {
      const { restorer, generation, welcome } = newGateway();
      const player = await welcome();
      await restorer.check();
      generation.current = null;
      await redis.commands.flushdb();
      await expect(restorer.touch(touched(player))).rejects.toThrow('which store this is');
      generation.current = 'two';
      await expect(restorer.touch(touched(player))).resolves.toEqual([]);
    });

    it('are over where their user has logged in anew', async () => {
      const { restorer, store, welcome } = newGateway();
      const player = await welcome();
      await restorer.check();
      await store.create({ user: player.held.user, name: 'Ada', gateway: serverId('gateway', 'other'), incarnation: 1 });
      await expect(restorer.touch(touched(player))).resolves.toEqual([player.held.id]);
    });
  });
});
