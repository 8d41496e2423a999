import { randomUUID } from 'node:crypto';
import type { RoomId, UserId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { until } from '../../../tools/process/until.mjs';
import { userKey } from './room-keys.js';
import { UserRooms } from './user-rooms.js';

const redis = new RedisConnections({ url: process.env.HOLDFAST_TEST_REDIS_URL as string });
const users = new UserRooms(redis);

beforeAll(() => redis.ready());
afterAll(() => redis.onApplicationShutdown());

const newUser = (): UserId => `user-${randomUUID()}` as UserId;
const A = { room: 'a' as RoomId, watching: false };
const B = { room: 'b' as RoomId, watching: false };

describe('the room of a user', () => {
  it.each([
    ['an hour', 3_600_000],
    ['thirty days', 30 * 24 * 3_600_000],
  ])('is stored for one day longer than a session that lasts %s', async (_, sessionTtlMs) => {
    const rooms = new UserRooms(redis, { sessionTtlMs });
    const user = newUser();
    const isStored = async () => (await redis.commands.pttl(userKey(user))) > sessionTtlMs + 23 * 3_600_000;
    const { admissionNumber: turn } = await rooms.admit(user);
    expect(await isStored()).toBe(true);
    await redis.commands.pexpire(userKey(user), 5_000);
    await rooms.move(user, A, { asked: { turn, number: 1 } });
    expect(await isStored()).toBe(true);
    await redis.commands.pexpire(userKey(user), 5_000);
    await rooms.renew([user, newUser()]);
    expect(await isStored()).toBe(true);
    expect(await rooms.get(user)).toEqual(A);
  });
});

describe('a user in the store', () => {
  it('is in the room of the latest request, in whichever order the requests are handled', async () => {
    const user = newUser();
    const { admissionNumber: turn, pointer } = await users.admit(user);
    expect(pointer).toBeNull();
    expect(await users.move(user, B, { asked: { turn, number: 2 } })).toBe(true);
    expect(await users.move(user, A, { asked: { turn, number: 1 } })).toBe(false);
    expect(await users.overtake(user, { turn, number: 1 })).toBe(false);
    expect(await users.get(user)).toEqual(B);
    await expect(users.refuseLate(user, { turn, number: 1 })).rejects.toMatchObject({ code: 'overtaken' });
    await users.refuseLate(user, { turn, number: 2 });
    expect(await users.overtake(user, { turn, number: 4 })).toBe(true);
    expect(await users.move(user, A, { asked: { turn, number: 3 } })).toBe(false);
    expect(await users.move(user, null, { asked: { turn, number: 5 }, from: 'a' as RoomId })).toBe(false);
    expect(await users.move(user, null, { asked: { turn, number: 5 }, from: 'b' as RoomId })).toBe(true);
    expect(await users.get(user)).toBeNull();
  });

  it('is not moved by a request that is older than a successful call of `overtakeIfFree`', async () => {
    const user = newUser();
    const { admissionNumber: turn } = await users.admit(user);
    expect(await users.overtakeIfFree(user, { turn, number: 2 })).toBe(true);
    expect(await users.overtakeIfFree(user, { turn, number: 1 })).toBe(false);
    expect(await users.move(user, A, { asked: { turn, number: 3 } })).toBe(true);
    expect(await users.overtakeIfFree(user, { turn, number: 9 })).toBe('a');
    expect(await users.move(user, { room: 'b' as RoomId, watching: true }, { asked: { turn, number: 4 } })).toBe(true);
    expect(await users.overtakeIfFree(user, undefined)).toBe(true);
    expect(await users.overtakeIfFree(user, { turn, number: 5 })).toBe(true);
    expect(await users.move(user, A, { asked: { turn, number: 4 } })).toBe(false);
  });

  it('is removed from a room by a request to leave, unless a later request has moved the user to this room again', async () => {
    const user = newUser();
    const { admissionNumber: turn } = await users.admit(user);
    await users.move(user, A, { asked: { turn, number: 1 } });
    expect(await users.leave(user, 'b' as RoomId, { turn, number: 2 })).toBe(true);
    expect(await users.get(user)).toEqual(A);
    expect(await users.leave(user, 'a' as RoomId, { turn, number: 4 })).toBe(true);
    expect(await users.get(user)).toBeNull();
    // This request is older than the request by which the user left the room.
    expect(await users.move(user, B, { asked: { turn, number: 3 } })).toBe(false);
    await users.move(user, A, { asked: { turn, number: 6 } });
    expect(await users.leave(user, 'a' as RoomId, { turn, number: 5 })).toBe(false);
    expect(await users.get(user)).toEqual(A);
    // The request is late. But the user is not in the room `b`, so the request succeeds.
    expect(await users.leave(user, 'b' as RoomId, { turn, number: 5 })).toBe(true);
    expect(await users.leave(user, 'a' as RoomId, undefined)).toBe(true);
    expect(await users.get(user)).toBeNull();
  });

  it('is not moved by a request of an earlier admission, unless the request comes from a match', async () => {
    const user = newUser();
    const before = (await users.admit(user)).admissionNumber;
    const { admissionNumber: turn } = await users.admit(user);
    expect(turn).toBeGreaterThan(before);
    expect(await users.move(user, A, { asked: { turn: before, number: 9 } })).toBe(false);
    await expect(users.refuseLate(user, { turn: before, number: 9 })).rejects.toMatchObject({ code: 'overtaken' });
    expect(await users.move(user, A, { asked: { turn: before, number: 9 }, outlivesAdmissions: true })).toBe(true);
    expect(await users.move(user, B, { asked: { turn, number: 1 } })).toBe(true);
    expect(await users.move(user, A, { asked: { turn: before, number: 9 }, outlivesAdmissions: true })).toBe(false);
    expect(await users.get(user)).toEqual(B);
  });

  it('gets a new admission number unless a later admission exists', async () => {
    const user = newUser();
    const { admissionNumber: turn } = await users.admit(user);
    const renewed = (await users.renewAdmission(user, turn)) as number;
    expect(renewed).toBeGreaterThan(turn);
    await expect(users.refuseLate(user, { turn, number: 9 })).rejects.toMatchObject({ code: 'overtaken' });
    expect(await users.renewAdmission(user, turn)).toBeNull();
    const again = await users.admit(user);
    expect(again.admissionNumber).toBeGreaterThan(renewed);
    expect(await users.renewAdmission(user, renewed)).toBeNull();
    await redis.commands.del(userKey(user));
    expect(await users.renewAdmission(user, again.admissionNumber)).toBeGreaterThan(again.admissionNumber);
  });

  it('gets an admission number above all earlier ones even when the store has lost the user', async () => {
    const user = newUser();
    const { admissionNumber: turn } = await users.admit(user);
    await users.overtake(user, { turn, number: 3 });
    expect(await users.lastRequestOrder(user)).toEqual({ turn, number: 3 });
    await redis.commands.del(userKey(user));
    expect(await users.move(user, A, { asked: { turn, number: 4 } })).toBe(true);
    // The store lost the user's record, which contained the admission. The move has stored the order of its request in a new record.
    expect(await users.lastRequestOrder(user)).toEqual({ turn, number: 4 });
    await redis.commands.del(userKey(user));
    // A new admission number is at least the store time. The test waits until the store time is above the earlier number.
    await until(async () => {
      const [seconds, microseconds] = await redis.commands.time();
      return Number(seconds) * 1_000 + Number(microseconds) / 1_000 > turn + 1;
    });
    const again = await users.admit(user);
    expect(again.admissionNumber).toBeGreaterThan(turn);
    expect(await users.lastRequestOrder(user)).toEqual({ turn: again.admissionNumber, number: 0 });
  });
});
