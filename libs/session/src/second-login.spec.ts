import { randomUUID } from 'node:crypto';
import { type ServerId, type SessionId, serverId, type UserId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { until } from '../../../tools/process/until.mjs';
import { GatewaySessionIndex } from './gateway-session-index.js';
import { PendingAwayMarks } from './pending-away-marks.js';
import { claimUser } from './scripts/claim-user.js';
import type { IncarnationOf } from './second-login.js';
import { sessionKey, userSessionKey } from './session-keys.js';
import { hashOf } from './session-secret.js';
import { SessionStore } from './session-store.js';

const redis = new RedisConnections({ url: process.env.HOLDFAST_TEST_REDIS_URL as string });
const index = new GatewaySessionIndex(redis);
const awayMarks = new PendingAwayMarks(redis);
const store = new SessionStore(redis, index, awayMarks, { auth: { kind: 'guest' } });

beforeAll(() => redis.ready());
afterAll(() => redis.onApplicationShutdown());

/** Creates gateways with `SECOND_LOGIN=refuse`, and one user. */
function newFleet() {
  const incarnations = new Map<ServerId, number>();
  const incarnationOf: IncarnationOf = async (gateway) => incarnations.get(gateway) ?? null;
  const user = `user-${randomUUID()}` as UserId;
  return {
    user,
    newGateway() {
      const gateway = serverId('gateway', randomUUID());
      incarnations.set(gateway, 1);
      return {
        id: gateway,
        dies: () => incarnations.delete(gateway),
        restarts: () => incarnations.set(gateway, 2),
        logIn: (as = incarnationOf, by = store) => by.create({ user, name: 'Ada', gateway, incarnation: 1 }, as),
        resume: ({ session, secret }: { session: SessionId; secret: string }, by = store) =>
          by.resume({ session, secret, gateway, incarnation: incarnations.get(gateway) ?? 1 }),
      };
    },
  };
}

/** Marks the session as away, as its gateway does after a lost connection, and waits for the mark in the store. */
async function disconnect({ session, secret }: { session: SessionId; secret: string }, gateway: ServerId): Promise<void> {
  awayMarks.mark(session, { gateway, secretHash: hashOf(secret) });
  await until(async () => (await redis.commands.hexists(sessionKey(session), 'away')) === 1);
}

/**
 * Makes a store in which some Redis commands fail. `not`: Redis does not run the command. `unheard`: Redis runs the command, and its
 * reply is lost.
 */
function newFailing(commands: Record<string, 'not' | 'unheard'>) {
  const failing = new Map(Object.entries(commands));
  const client = new Proxy(redis.commands, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        const how = failing.get(String(name));
        const answer = how === 'not' ? null : await value.apply(target, args);
        if (how) throw new Error('lost');
        return answer;
      };
    },
  });
  const connections = { commands: client, isReady: true } as unknown as RedisConnections;
  const unsure = new PendingAwayMarks(connections);
  const heal = (): void => {
    failing.clear();
    unsure.retry();
  };
  return {
    heal,
    awayMarks: unsure,
    store: new SessionStore(connections, new GatewaySessionIndex(connections), unsure, { auth: { kind: 'guest' } }),
  };
}

const refused = { code: 'already-online', retry: false };

describe('a login with `SECOND_LOGIN=refuse`', () => {
  it('is refused at every gateway while the first session is connected', async () => {
    const fleet = newFleet();
    const [first, second] = [fleet.newGateway(), fleet.newGateway()];
    const login = await first.logIn();
    await expect(first.logIn()).rejects.toMatchObject(refused);
    await expect(second.logIn()).rejects.toMatchObject(refused);
    expect((await store.find(fleet.user))?.session).toBe(login.session);
    expect(await index.sessionsOf({ gateway: second.id, incarnation: 1 })).toEqual([]);
    const resumed = await second.resume(login);
    await expect(first.logIn()).rejects.toMatchObject(refused);
    await second.resume(resumed);
  });

  it('is accepted after the loss of the first connection, but not after a resume of the first session', async () => {
    const fleet = newFleet();
    const [first, second] = [fleet.newGateway(), fleet.newGateway()];
    const login = await first.logIn();
    await disconnect(login, first.id);
    const resumed = await second.resume(login);
    await expect(first.logIn()).rejects.toMatchObject(refused);
    await disconnect(resumed, second.id);
    const { session, replaced } = await first.logIn();
    expect(replaced).toEqual({ session: login.session, gateway: second.id });
    expect((await store.find(fleet.user))?.session).toBe(session);
    await expect(second.resume(resumed)).rejects.toMatchObject({ code: 'session-unknown' });
  });

  it('is refused when the away mark of the lost connection arrives after the resume', async () => {
    const fleet = newFleet();
    const gateway = fleet.newGateway();
    const login = await gateway.logIn();
    await gateway.resume(login);
    awayMarks.mark(login.session, { gateway: gateway.id, secretHash: hashOf(login.secret) });
    // Redis executes the commands of a connection in order. So it has executed the command for the mark before it answers this ping.
    await redis.commands.ping();
    await expect(gateway.logIn()).rejects.toMatchObject(refused);
  });

  it.each([
    ['was killed', (gateway: ReturnType<ReturnType<typeof newFleet>['newGateway']>) => gateway.dies()],
    ['was restarted', (gateway: ReturnType<ReturnType<typeof newFleet>['newGateway']>) => gateway.restarts()],
  ])('is accepted after the gateway of the first session %s', async (_, falls) => {
    const fleet = newFleet();
    const [first, second] = [fleet.newGateway(), fleet.newGateway()];
    const login = await first.logIn();
    falls(first);
    const { session } = await second.logIn();
    expect((await store.find(fleet.user))?.session).toBe(session);
    await expect(second.resume(login)).rejects.toMatchObject({ code: 'session-unknown' });
  });

  it('is accepted when the first session has expired or has no record', async () => {
    const fleet = newFleet();
    const gateway = fleet.newGateway();
    const login = await gateway.logIn();
    await redis.commands.del(sessionKey(login.session));
    await gateway.logIn();
    // Writes into the user's key the id of a session that has no record.
    await redis.commands.set(userSessionKey(fleet.user), 'nothing');
    const { session, replaced } = await gateway.logIn();
    expect(replaced).toBeNull();
    // Deletes the user's key. The record of the session remains, but no key leads from the user to the session.
    await redis.commands.del(userSessionKey(fleet.user));
    await gateway.logIn();
    expect((await store.find(fleet.user))?.session).not.toBe(session);
  });

  it.each([
    ['before the live session of the user was stored', 'not'],
    ['after the live session of the user was stored, but without a reply', 'unheard'],
  ] as const)('is accepted after a failure of the store during the first login, %s', async (_, named) => {
    const fleet = newFleet();
    const [first, second] = [fleet.newGateway(), fleet.newGateway()];
    const failing = newFailing({ hf_session_claim_user: named, hf_session_finish: 'not', hf_session_mark_away: 'not' });
    await expect(first.logIn(undefined, failing.store)).rejects.toThrow('lost');
    if (named === 'unheard') await expect(second.logIn()).rejects.toMatchObject(refused);
    failing.heal();
    await until(() => second.logIn());
  });

  it('is accepted after a failure of the store during a resume', async () => {
    const fleet = newFleet();
    const [first, second] = [fleet.newGateway(), fleet.newGateway()];
    const login = await first.logIn();
    await disconnect(login, first.id);
    const failing = newFailing({ hf_session_rotate: 'unheard', hf_session_mark_away: 'not' });
    await expect(first.resume(login, failing.store)).rejects.toThrow('lost');
    await expect(second.logIn()).rejects.toMatchObject(refused);
    failing.heal();
    await until(() => second.logIn());
  });

  it('is accepted when neither the away mark nor the resume of the first session reached the store', async () => {
    const fleet = newFleet();
    const [first, second] = [fleet.newGateway(), fleet.newGateway()];
    const login = await first.logIn();
    const failing = newFailing({ hf_session_rotate: 'not', hf_session_mark_away: 'not' });
    failing.awayMarks.mark(login.session, { gateway: first.id, secretHash: hashOf(login.secret) });
    await expect(first.resume(login, failing.store)).rejects.toThrow('lost');
    failing.heal();
    await until(() => second.logIn());
  });

  it('sets no away mark when the write of the login never reached the store', async () => {
    const failing = newFailing({ sadd: 'not', hf_session_finish: 'not' });
    const mark = jest.spyOn(failing.awayMarks, 'mark');
    const gateway = newFleet().newGateway();
    await expect(gateway.logIn(undefined, failing.store)).rejects.toThrow('lost');
    expect(mark).not.toHaveBeenCalled();
  });

  it('is accepted exactly once when the user logs in concurrently at several gateways', async () => {
    for (let round = 0; round < 10; round += 1) {
      const fleet = newFleet();
      const gateways = [fleet.newGateway(), fleet.newGateway(), fleet.newGateway()];
      if (round % 2 === 1) await disconnect(await gateways[0].logIn(), gateways[0].id);
      const outcomes = await Promise.allSettled(Array.from({ length: 9 }, (_, index) => gateways[index % 3].logIn()));
      const inside = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []));
      expect(inside).toHaveLength(1);
      for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject(refused);
      expect((await store.find(fleet.user))?.session).toBe(inside[0].session);
      await gateways[0].resume(inside[0]);
    }
  });

  it('is accepted when a concurrent resume fails, and is refused when the resume succeeds', async () => {
    for (let round = 0; round < 20; round += 1) {
      const fleet = newFleet();
      const [first, second] = [fleet.newGateway(), fleet.newGateway()];
      const old = await first.logIn();
      await disconnect(old, first.id);
      const [resumed, login] = await Promise.allSettled([first.resume(old), second.logIn()]);
      expect([resumed.status, login.status].sort()).toEqual(['fulfilled', 'rejected']);
      const session = resumed.status === 'fulfilled' ? resumed.value.session : login.status === 'fulfilled' ? login.value.session : null;
      expect((await store.find(fleet.user))?.session).toBe(session);
    }
  });

  it('is refused when a resume happens between the read and the write of the login', async () => {
    const fleet = newFleet();
    const [first, second] = [fleet.newGateway(), fleet.newGateway()];
    const old = await first.logIn();
    first.dies();
    let isResumed = false;
    const duringLookup: IncarnationOf = async (gateway) => {
      if (!isResumed) await second.resume(old);
      isResumed = true;
      return gateway === second.id ? 1 : null;
    };
    await expect(second.logIn(duringLookup)).rejects.toMatchObject(refused);
    expect((await store.find(fleet.user))?.session).toBe(old.session);
  });

  it('does not replace the session of a concurrent login that was faster', async () => {
    const fleet = newFleet();
    await claimUser(redis.commands, fleet.user, { from: null, to: 'faster' as SessionId }, 10_000);
    expect(await claimUser(redis.commands, fleet.user, { from: null, to: 'slower' as SessionId }, 10_000)).toBe(false);
    expect(await redis.commands.get(userSessionKey(fleet.user))).toBe('faster');
  });
});
