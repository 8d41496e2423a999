import { randomUUID } from 'node:crypto';
import { Test, type TestingModule } from '@nestjs/testing';
import { HoldfastError, type RoomId, type ServerId, type SessionId, serverId, type UserId } from '#libs/protocol';
import { RedisConnections, RedisModule } from '#libs/redis';
import { until } from '../../../tools/process/until.mjs';
import { SessionModule } from './session.module.js';
import type { SessionOptions } from './session.options.js';
import { sessionKey, userSessionKey } from './session-keys.js';
import { type SessionNotice, SessionNotices } from './session-notices.js';
import { hashOf } from './session-secret.js';
import { type ResumedSession, SessionStore } from './session-store.js';

const modules: TestingModule[] = [];

afterEach(async () => {
  await Promise.all(modules.splice(0).map((module) => module.close()));
});

/** Creates a gateway with its own connections to Redis. */
async function newGateway(options: Partial<SessionOptions> = {}) {
  const module = await Test.createTestingModule({
    imports: [
      RedisModule.forRoot({ url: process.env.HOLDFAST_TEST_REDIS_URL as string }),
      SessionModule.forRoot({ auth: { kind: 'guest' }, ...options }),
    ],
  }).compile();
  modules.push(module);
  await module.init();
  await module.get(RedisConnections).ready();
  return {
    id: serverId('gateway', randomUUID()),
    store: module.get(SessionStore),
    notices: module.get(SessionNotices),
    redis: module.get(RedisConnections).commands,
  };
}

type Gateway = Awaited<ReturnType<typeof newGateway>>;

function newUser(): UserId {
  return `user-${randomUUID()}` as UserId;
}

function logIn(gateway: Gateway, user = newUser(), name = 'Ada') {
  return gateway.store.create({ user, name, gateway: gateway.id, incarnation: 1 });
}

function resume(gateway: Gateway, { session, secret }: { session: SessionId; secret: string }): Promise<ResumedSession> {
  return gateway.store.resume({ session, secret, gateway: gateway.id, incarnation: 1 });
}

async function refusalCode(promise: Promise<unknown>): Promise<string> {
  const outcome = await promise.then(
    () => 'no refusal',
    (error) => error,
  );
  return outcome instanceof HoldfastError ? outcome.code : String(outcome);
}

describe('the claims of a session', () => {
  const claims = { rank: 3, clubs: ['a'] };

  it('are unchanged after a resume, and are replaced by a new login', async () => {
    const gateway = await newGateway();
    const user = newUser();
    const login = { user, name: 'Ada', gateway: gateway.id, incarnation: 1 };
    const first = await gateway.store.create({ ...login, claims });
    const resumed = await resume(gateway, first);
    expect(resumed.claims).toEqual(claims);
    expect((await resume(gateway, resumed)).claims).toEqual(claims);
    const second = await gateway.store.create({ ...login, claims: { rank: 4 } });
    expect((await resume(gateway, second)).claims).toEqual({ rank: 4 });
    expect(await resume(gateway, await gateway.store.create(login))).not.toHaveProperty('claims');
  });

  it('are restored with the session when the store has lost the session', async () => {
    const gateway = await newGateway();
    const user = newUser();
    const { session, secret } = await gateway.store.create({ user, name: 'Ada', claims, gateway: gateway.id, incarnation: 1 });
    await gateway.redis.del(sessionKey(session));
    const held = { session, user, name: 'Ada', claims, secretHash: hashOf(secret), gateway: gateway.id, room: null, isAway: false };
    expect(await gateway.store.restore(held)).toBe(true);
    expect((await resume(gateway, { session, secret })).claims).toEqual(claims);
  });
});

describe('SessionStore.create', () => {
  it('creates a session that `find` returns', async () => {
    const gateway = await newGateway();
    const user = newUser();
    const { session, replaced } = await logIn(gateway, user, 'Grace');
    expect(replaced).toBeNull();
    expect(await gateway.store.find(user)).toEqual({ session, user, name: 'Grace', gateway: gateway.id, room: null, isAway: false });
  });

  it('ends the earlier session of the user, and returns the gateway of that session', async () => {
    const [there, here] = [await newGateway(), await newGateway()];
    const user = newUser();
    const old = await logIn(there, user);
    const { session, replaced } = await logIn(here, user);
    expect(replaced).toEqual({ session: old.session, gateway: there.id });
    expect((await here.store.find(user))?.session).toBe(session);
    expect(await refusalCode(resume(there, old))).toBe('session-unknown');
  });

  it('does not change the sessions of other users', async () => {
    const gateway = await newGateway();
    const other = await logIn(gateway);
    await logIn(gateway);
    expect((await resume(gateway, other)).session).toBe(other.session);
  });

  it('leaves exactly one session after many concurrent logins', async () => {
    const gateways = [await newGateway(), await newGateway(), await newGateway()];
    const user = newUser();
    const logins = await Promise.all(Array.from({ length: 12 }, (_, index) => logIn(gateways[index % 3], user)));
    const replaced = new Set(logins.map((login) => login.replaced?.session).filter((session) => session !== undefined));
    const live = logins.filter(({ session }) => !replaced.has(session));
    expect(live).toHaveLength(1);
    expect((await gateways[0].store.find(user))?.session).toBe(live[0].session);
    for (const login of logins) {
      if (login !== live[0]) expect(await refusalCode(resume(gateways[0], login))).toBe('session-unknown');
    }
    await resume(gateways[0], live[0]);
  });

  it('stores no secret in plain text', async () => {
    const gateway = await newGateway();
    const { session, secret } = await logIn(gateway);
    const resumed = await resume(gateway, { session, secret });
    const record = JSON.stringify(await gateway.redis.hgetall(sessionKey(session)));
    expect(record).not.toContain(secret);
    expect(record).not.toContain(resumed.secret);
  });
});

describe('SessionStore.resume', () => {
  it('continues the session at any gateway, and returns the previous gateway', async () => {
    const [first, second] = [await newGateway(), await newGateway()];
    const user = newUser();
    const login = await logIn(first, user, 'Alan');
    const resumed = await resume(second, login);
    expect(resumed).toMatchObject({ session: login.session, user, name: 'Alan', room: null, previousGateway: first.id });
    expect(resumed.secret).not.toBe(login.secret);
    expect((await first.store.find(user))?.gateway).toBe(second.id);
    expect((await resume(second, resumed)).previousGateway).toBeNull();
  });

  it('returns the room of the session', async () => {
    const gateway = await newGateway();
    const login = await logIn(gateway);
    const room = randomUUID() as RoomId;
    expect(await gateway.store.enterRoom(login.session, room)).toBe(true);
    const resumed = await resume(gateway, login);
    expect(resumed.room).toBe(room);
    await gateway.store.enterRoom(login.session, null);
    expect((await resume(gateway, resumed)).room).toBeNull();
  });

  it('accepts the previous secret until the new secret is used', async () => {
    const gateway = await newGateway();
    const login = await logIn(gateway);
    await resume(gateway, login);
    await resume(gateway, login);
    const heard = await resume(gateway, login);
    await resume(gateway, heard);
    // The new secret was used, so the older secret no longer works.
    expect(await refusalCode(resume(gateway, login))).toBe('session-unknown');
  });

  it('invalidates older secrets when the newest secret is confirmed', async () => {
    const gateway = await newGateway();
    const login = await logIn(gateway);
    const lost = await resume(gateway, login);
    const heard = await resume(gateway, login);
    // Confirms a secret that a newer resume has already replaced.
    await gateway.store.confirm(login.session, hashOf(lost.secret));
    const again = await resume(gateway, login);
    await gateway.store.confirm(login.session, hashOf(again.secret));
    for (const old of [login, lost, heard]) expect(await refusalCode(resume(gateway, old))).toBe('session-unknown');
    await resume(gateway, again);
  });

  it('rejects a resume whose secret was rotated twice', async () => {
    const gateway = await newGateway();
    const first = await logIn(gateway);
    const second = await resume(gateway, first);
    const third = await resume(gateway, second);
    const fourth = await resume(gateway, third);
    for (const old of [first, second]) expect(await refusalCode(resume(gateway, old))).toBe('session-unknown');
    await resume(gateway, fourth);
  });

  it('invalidates the secret of a lost `welcome` when the previous secret is used again', async () => {
    const gateway = await newGateway();
    const login = await logIn(gateway);
    const lost = await resume(gateway, login);
    await resume(gateway, login);
    expect(await refusalCode(resume(gateway, lost))).toBe('session-unknown');
  });

  it.each([
    ['a wrong secret', (session: SessionId) => ({ session, secret: 'wrong' })],
    ['no secret', (session: SessionId) => ({ session, secret: '' })],
    ['an unknown session', (_: SessionId, secret: string) => ({ session: randomUUID() as SessionId, secret })],
  ])('rejects %s', async (_, shown) => {
    const gateway = await newGateway();
    const login = await logIn(gateway);
    expect(await refusalCode(resume(gateway, shown(login.session, login.secret)))).toBe('session-unknown');
    await resume(gateway, login);
  });

  it('rejects a resume whose secret is the stored hash of the secret', async () => {
    const gateway = await newGateway();
    const { session } = await logIn(gateway);
    const stored = (await gateway.redis.hget(sessionKey(session), 'secret')) as string;
    expect(await refusalCode(resume(gateway, { session, secret: stored }))).toBe('session-unknown');
  });

  it('gives the session to the later of two concurrent resumes', async () => {
    const [home, left, right] = [await newGateway(), await newGateway(), await newGateway()];
    for (let round = 0; round < 20; round += 1) {
      const user = newUser();
      const login = await logIn(home, user);
      const [atLeft, atRight] = await Promise.all([resume(left, login), resume(right, login)]);
      const holder = (await home.store.find(user))?.gateway;
      const [later, earlier, earlierGateway] = holder === left.id ? [atLeft, atRight, right.id] : [atRight, atLeft, left.id];
      expect([left.id, right.id]).toContain(holder);
      expect(later.previousGateway).toBe(earlierGateway);
      expect(earlier.previousGateway).toBe(home.id);
      expect(await refusalCode(resume(home, earlier))).toBe('session-unknown');
      await resume(home, later);
    }
  });

  it('leaves exactly one session when a resume races with a login of the same user', async () => {
    const [home, left, right] = [await newGateway(), await newGateway(), await newGateway()];
    for (let round = 0; round < 20; round += 1) {
      const user = newUser();
      const old = await logIn(home, user);
      const [resumed, login] = await Promise.all([resume(left, old).catch((error: HoldfastError) => error), logIn(right, user)]);
      expect((await home.store.find(user))?.session).toBe(login.session);
      if (resumed instanceof HoldfastError) expect(resumed.code).toBe('session-unknown');
      // The resume was faster than the login. So the login must end the session at the gateway of the resume.
      else expect(login.replaced).toEqual({ session: old.session, gateway: left.id });
      expect(await refusalCode(resume(home, old))).toBe('session-unknown');
    }
  });
});

describe('a stored session', () => {
  it('expires after its time to live', async () => {
    const gateway = await newGateway({ sessionTtlMs: 50 });
    const user = newUser();
    const login = await logIn(gateway, user);
    await until(async () => (await gateway.redis.exists(sessionKey(login.session))) === 0);
    await until(async () => (await gateway.redis.exists(userSessionKey(user))) === 0);
    expect(await gateway.store.find(user)).toBeNull();
    expect(await refusalCode(resume(gateway, login))).toBe('session-unknown');
    expect((await logIn(gateway, user)).replaced).toBeNull();
  });

  it('has its full time to live again after `touch`', async () => {
    const gateway = await newGateway();
    const users = Array.from({ length: 20 }, newUser);
    const sessions = await Promise.all(users.map(async (user) => ({ user, session: (await logIn(gateway, user)).session })));
    const keys = sessions.flatMap(({ session, user }) => [sessionKey(session), userSessionKey(user)]);
    await Promise.all(keys.map((key) => gateway.redis.pexpire(key, 5_000)));
    expect(await gateway.store.touch(sessions)).toEqual([]);
    const left = await Promise.all(keys.map((key) => gateway.redis.pttl(key)));
    expect(Math.min(...left)).toBeGreaterThan(60_000);
  });

  it('has its full time to live again after a resume', async () => {
    const gateway = await newGateway();
    const user = newUser();
    const login = await logIn(gateway, user);
    await gateway.redis.pexpire(sessionKey(login.session), 5_000);
    await gateway.redis.pexpire(userSessionKey(user), 5_000);
    await resume(gateway, login);
    expect(await gateway.redis.pttl(sessionKey(login.session))).toBeGreaterThan(60_000);
    expect(await gateway.redis.pttl(userSessionKey(user))).toBeGreaterThan(60_000);
  });

  it('is among the ended sessions that `touch` returns when the notice of its end was lost', async () => {
    const [there, here] = [await newGateway(), await newGateway()];
    const [replacedUser, endedUser, playingUser] = [newUser(), newUser(), newUser()];
    const replaced = await logIn(there, replacedUser);
    const ended = await logIn(there, endedUser);
    const playing = await logIn(there, playingUser);
    await logIn(here, replacedUser);
    await here.store.end(ended.session);
    const gone = await there.store.touch([
      { session: replaced.session, user: replacedUser },
      { session: playing.session, user: playingUser },
      { session: ended.session, user: endedUser },
    ]);
    expect(gone).toEqual([replaced.session, ended.session]);
    expect(await there.store.touch([])).toEqual([]);
  });

  it('cannot be resumed after its end', async () => {
    const gateway = await newGateway();
    const user = newUser();
    const login = await logIn(gateway, user);
    expect(await gateway.store.end(login.session)).toBe(true);
    expect(await gateway.store.end(login.session)).toBe(false);
    expect(await gateway.store.find(user)).toBeNull();
    expect(await refusalCode(resume(gateway, login))).toBe('session-unknown');
    expect(await gateway.store.enterRoom(login.session, 'r' as RoomId)).toBe(false);
  });

  it('cannot be resumed after it is revoked, but keeps its record until its end or the next login of its user', async () => {
    const [here, there] = [await newGateway(), await newGateway()];
    const user = newUser();
    const moved = await resume(there, await logIn(here, user));
    expect(await here.store.revoke(moved)).toBe(there.id);
    expect(await here.store.revoke(moved)).toBe(there.id);
    expect(await refusalCode(resume(here, moved))).toBe('session-unknown');
    expect(await here.store.find(user)).toBeNull();
    expect(await there.store.touch([moved])).toEqual([moved.session]);
    expect(await here.store.readMany([moved.session])).toEqual([{ user, gateway: there.id }]);
    const next = await logIn(here, user);
    expect(await here.store.readMany([moved.session, next.session])).toEqual([null, { user, gateway: here.id }]);
    expect(await there.store.end(moved.session)).toBe(true);
    expect(await here.store.revoke(moved)).toBeNull();
    expect((await here.store.find(user))?.session).toBe(next.session);
  });

  it('cannot be ended by a gateway that no longer has the session', async () => {
    const [first, second] = [await newGateway(), await newGateway()];
    const user = newUser();
    const login = await logIn(first, user);
    const resumed = await resume(second, login);
    expect(await first.store.end(login.session, first.id)).toBe(false);
    const again = await logIn(second, user);
    await first.store.end(resumed.session);
    expect((await first.store.find(user))?.session).toBe(again.session);
  });
});

describe('SessionNotices', () => {
  async function listener(gateway: Gateway): Promise<{ heard: SessionNotice[]; stop: () => Promise<void> }> {
    const heard: SessionNotice[] = [];
    const stop = await gateway.notices.onNotice(gateway.id, (notice) => heard.push(notice));
    return { heard, stop };
  }

  it('delivers a notice only to the gateway that the notice names', async () => {
    const [sender, target, other] = [await newGateway(), await newGateway(), await newGateway()];
    const [atTarget, atOther] = [await listener(target), await listener(other)];
    const user = newUser();
    const sent: SessionNotice[] = [
      { kind: 'replaced', session: 's1' as SessionId },
      { kind: 'bind', user, room: 'r1' as RoomId, role: 'watcher', rev: 1 },
      { kind: 'bind', user, session: 's1' as SessionId, room: 'r1' as RoomId, role: 'player', rev: 1 },
      { kind: 'unbind', user, room: 'r1' as RoomId },
    ];
    for (const notice of sent) await sender.notices.send(target.id, notice);
    await until(() => atTarget.heard.length === sent.length);
    // Sorts the received notices, because a Cluster can change their order.
    expect(new Set(atTarget.heard)).toEqual(new Set(sent));
    expect(atOther.heard).toEqual([]);
  });

  it('ignores notices of an unknown kind', async () => {
    const [sender, target] = [await newGateway(), await newGateway()];
    const { heard } = await listener(target);
    const channel = `hf:sessions:${target.id}`;
    for (const message of ['no JSON', '{"kind":"promote","session":"s"}', '{"kind":"replaced"}', 'null'])
      await sender.redis.publish(channel, message);
    await sender.notices.send(target.id, { kind: 'replaced', session: 's1' as SessionId });
    await until(() => heard.length > 0);
    expect(heard).toEqual([{ kind: 'replaced', session: 's1' }]);
  });

  it('delivers no notice to a listener that has been removed', async () => {
    const [sender, target] = [await newGateway(), await newGateway()];
    const first = await listener(target);
    const second = await listener(target);
    await first.stop();
    await sender.notices.send(target.id, { kind: 'replaced', session: 's1' as SessionId });
    await until(() => second.heard.length === 1);
    expect(first.heard).toEqual([]);
  });

  it('drops a notice to a gateway that has left the fleet', async () => {
    const sender = await newGateway();
    await sender.notices.send('hf:gateway:gone' as ServerId, { kind: 'replaced', session: 's1' as SessionId });
  });
});
