import { randomUUID } from 'node:crypto';
import type { ServerId, SessionId, UserId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { sessionKey, userSessionKey } from '../session-keys.js';
import { forgetUser } from './forget-user.js';
import { rotate } from './rotate.js';

// The tests in this file run the scripts of two competing gateways one after the other.
const redis = new RedisConnections({ url: process.env.HOLDFAST_TEST_REDIS_URL as string });
const client = redis.commands;

beforeAll(() => redis.ready());
afterAll(() => redis.onApplicationShutdown());

describe('the script rotate', () => {
  const rotation = { secret: 's1', previous: '', newSecret: 's2', presented: 's1', gateway: 'hf:gateway:1' as ServerId, ttlMs: 10_000 };

  async function newRecord(): Promise<SessionId> {
    const session = randomUUID() as SessionId;
    await client.hset(sessionKey(session), { user: 'u', name: 'n', secret: 's1', gateway: 'hf:gateway:0', room: '' });
    return session;
  }

  it('changes nothing when another resume has changed the secrets', async () => {
    const session = await newRecord();
    expect(await rotate(client, session, rotation)).toEqual({ user: 'u', name: 'n', gatewayBefore: 'hf:gateway:0', room: '' });
    const after = await client.hgetall(sessionKey(session));
    expect(await rotate(client, session, { ...rotation, newSecret: 's3' })).toBe('changed');
    expect(await rotate(client, session, { ...rotation, secret: 's2', newSecret: 's3' })).toBe('changed');
    expect(await client.hgetall(sessionKey(session))).toEqual(after);
    await client.del(sessionKey(session));
  });

  it('creates no record for a session that does not exist', async () => {
    const session = randomUUID() as SessionId;
    expect(await rotate(client, session, rotation)).toBeNull();
    expect(await client.exists(sessionKey(session))).toBe(0);
  });
});

describe('the script forget-user', () => {
  it('deletes the key of a user only when the key contains the session that ended', async () => {
    const user = randomUUID() as UserId;
    await client.set(userSessionKey(user), 'newer', 'PX', 10_000);
    await forgetUser(client, user, 'older' as SessionId);
    expect(await client.get(userSessionKey(user))).toBe('newer');
    await forgetUser(client, user, 'newer' as SessionId);
    expect(await client.get(userSessionKey(user))).toBeNull();
  });
});
