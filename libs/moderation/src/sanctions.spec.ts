import { randomUUID } from 'node:crypto';
import { Test, type TestingModule } from '@nestjs/testing';
import type { UserId } from '#libs/protocol';
import { RedisConnections, RedisModule, StoreClock } from '#libs/redis';
import { until } from '../../../tools/process/until.mjs';
import { ModerationModule } from './moderation.module.js';
import { Sanctions } from './sanctions.js';

describe('Sanctions', () => {
  let module: TestingModule;
  let sanctions: Sanctions;
  let clock: StoreClock;
  /** Makes the user ids of this run unique, because the test runs share one Redis. */
  const run = randomUUID().slice(0, 8);
  const user = (name: string): UserId => `${run}-${name}` as UserId;
  const FOREVER = { until: null, by: 'ada', note: 'cheats' };

  beforeAll(async () => {
    module = await Test.createTestingModule({
      imports: [RedisModule.forRoot({ url: process.env.HOLDFAST_TEST_REDIS_URL as string }), ModerationModule],
    }).compile();
    await module.get(RedisConnections).ready();
    sanctions = module.get(Sanctions);
    clock = module.get(StoreClock);
    await clock.start();
  });
  afterAll(() => module.close());

  it('finds the ban of a banned user, but no ban of another user', async () => {
    await sanctions.impose('ban', { user: user('a'), ...FOREVER });
    expect(await sanctions.find('ban', user('a'))).toEqual({ user: user('a'), ...FOREVER, at: expect.any(Number) });
    expect(await sanctions.find('ban', user('b'))).toBeNull();
  });

  it('stores bans and mutes separately', async () => {
    await sanctions.impose('mute', { user: user('c'), ...FOREVER });
    expect(await sanctions.find('ban', user('c'))).toBeNull();
  });

  it('replaces an earlier ban of the user, and lists only the new ban', async () => {
    await sanctions.impose('ban', { user: user('d'), ...FOREVER });
    await sanctions.impose('ban', { user: user('d'), ...FOREVER, note: 'again' });
    const { sanctions: listed } = await sanctions.page('ban', { text: user('d'), limit: 10 });
    expect(listed.map(({ note }) => note)).toEqual(['again']);
  });

  it('ends a ban at its end time without a request of an operator', async () => {
    await sanctions.impose('ban', { user: user('e'), ...FOREVER, until: Math.round(clock.storeTime()) + 200 });
    expect(await sanctions.find('ban', user('e'))).not.toBeNull();
    await until(async () => (await sanctions.find('ban', user('e'))) === null);
    expect((await sanctions.page('ban', { text: user('e'), limit: 10 })).sanctions).toEqual([]);
  });

  it('removes ended bans from Redis when another ban is added', async () => {
    await sanctions.impose('ban', { user: user('f'), ...FOREVER, until: 1 });
    await sanctions.impose('ban', { user: user('g'), ...FOREVER });
    const { commands } = module.get(RedisConnections);
    expect(await commands.hexists('hf:{sanctions:ban}:users', user('f'))).toBe(0);
    expect(await commands.zscore('hf:{sanctions:ban}:ends', user('f'))).toBeNull();
  });

  it('lifts a ban once, and reports that a repeated request changed nothing', async () => {
    await sanctions.impose('ban', { user: user('h'), ...FOREVER });
    expect(await sanctions.lift('ban', user('h'))).toBe(true);
    expect(await sanctions.find('ban', user('h'))).toBeNull();
    expect(await sanctions.lift('ban', user('h'))).toBe(false);
  });

  it('lists bans page by page, newest first, each ban once', async () => {
    for (const name of ['p1', 'p2', 'p3']) await sanctions.impose('ban', { user: user(name), ...FOREVER });
    const first = await sanctions.page('ban', { text: user('p'), limit: 2 });
    expect(first.sanctions.map((one) => one.user)).toEqual([user('p3'), user('p2')]);
    const second = await sanctions.page('ban', { text: user('p'), limit: 2, after: first.next! });
    expect(second.sanctions.map((one) => one.user)).toEqual([user('p1')]);
    expect(second.next).toBeNull();
  });

  it('accepts a user id with any characters', async () => {
    const odd = `${run} "é\\{x}\n` as UserId;
    await sanctions.impose('ban', { user: odd, ...FOREVER, note: '"quoted" \\ {}' });
    expect(await sanctions.find('ban', odd)).toMatchObject({ note: '"quoted" \\ {}' });
    expect(await sanctions.lift('ban', odd)).toBe(true);
  });
});
