import { randomUUID } from 'node:crypto';
import { serverId } from '#libs/protocol';
import { RedisConnections, redisName } from '#libs/redis';
import { LossAges } from './loss-ages.js';

const redis = new RedisConnections({ url: process.env.HOLDFAST_TEST_REDIS_URL as string });
beforeAll(() => redis.ready());
afterAll(() => redis.onApplicationShutdown());

const HOUR = 3_600_000;
let owner: { server: ReturnType<typeof serverId>; incarnation: number };
/** The monotonic clock of the test, in ms. */
let now: number;

beforeEach(() => {
  owner = { server: serverId('game', randomUUID()), incarnation: 1 };
  now = 0;
  jest.spyOn(performance, 'now').mockImplementation(() => now);
});
afterEach(() => jest.restoreAllMocks());

const newAges = (): LossAges => new LossAges(redis, 2 * HOUR);

async function observe(ages: LossAges, seconds: number): Promise<number> {
  let ageMs = 0;
  for (let second = 0; second < seconds; second++) {
    now += 1_000;
    ageMs = await ages.ageMs(owner);
  }
  return ageMs;
}

describe('the age of the loss of an owner', () => {
  it('is 0 at first, and grows with the monotonic clock', async () => {
    const ages = newAges();
    expect(await ages.ageMs(owner)).toBe(0);
    expect(await observe(ages, 10)).toBe(10_000);
  });

  it('is stored as a duration in milliseconds', async () => {
    const ages = newAges();
    await ages.ageMs(owner);
    await observe(ages, 1);
    expect(await redis.commands.get(redisName(`loss-age:${owner.server}:1`))).toBe('1000');
  });

  it('continues in the next process, but does not include the time between the two processes', async () => {
    const ages = newAges();
    await ages.ageMs(owner);
    await observe(ages, 10);
    now += HOUR;
    const next = newAges();
    expect(await next.ageMs(owner)).toBe(10_000);
    expect(await observe(next, 5)).toBe(15_000);
  });

  it('does not grow faster when two processes observe the same loss', async () => {
    const [first, second] = [newAges(), newAges()];
    await first.ageMs(owner);
    await second.ageMs(owner);
    for (let step = 0; step < 10; step++) {
      await observe(first, 1);
      await second.ageMs(owner);
    }
    expect(await newAges().ageMs(owner)).toBe(10_000);
  });

  it('does not include a suspension of the process', async () => {
    const ages = newAges();
    await ages.ageMs(owner);
    now += 24 * HOUR;
    expect(await ages.ageMs(owner)).toBe(60_000);
  });

  it('continues from the stored age when a process that forgot the loss observes the loss again', async () => {
    const ages = newAges();
    await ages.ageMs(owner);
    await observe(ages, 10);
    ages.forget(owner);
    now += HOUR;
    expect(await ages.ageMs(owner)).toBe(10_000);
  });

  it('is stored for a limited time', async () => {
    await newAges().ageMs(owner);
    const ttl = await redis.commands.pttl(redisName(`loss-age:${owner.server}:1`));
    expect(ttl).toBeGreaterThan(HOUR);
    expect(ttl).toBeLessThanOrEqual(2 * HOUR);
  });
});
