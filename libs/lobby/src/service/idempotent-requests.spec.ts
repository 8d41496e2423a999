import { randomUUID } from 'node:crypto';
import { HoldfastError } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { IdempotentRequests } from './idempotent-requests.js';

const redis = new RedisConnections({ url: process.env.HOLDFAST_TEST_REDIS_URL as string });
beforeAll(() => redis.ready());
afterAll(() => redis.onApplicationShutdown());

describe('a request of a service', () => {
  let plans = 0;
  const lobbies = [new IdempotentRequests(redis), new IdempotentRequests(redis)];
  const request = (key = randomUUID(), content: unknown = 'content') => ({ key, content, plan: async () => ({ room: `r-${plans++}` }) });

  it('is carried out only once, and each repeat returns the stored result', async () => {
    const { key } = request();
    let runs = 0;
    const work = async ({ room }: { room: string }) => ({ room, run: ++runs });
    const first = await lobbies[0].run(request(key), work);
    expect(await lobbies[1].run(request(key), work)).toEqual(first);
    expect(runs).toBe(1);
  });

  it('is carried out only once when two lobbies receive the request at the same time', async () => {
    const { key } = request();
    let running = 0;
    let runs = 0;
    const work = async ({ room }: { room: string }) => {
      expect(++running).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 20));
      running -= 1;
      return { room, run: ++runs };
    };
    const answers = await Promise.all(Array.from({ length: 6 }, (_, index) => lobbies[index % 2].run(request(key), work)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(runs).toBe(1);
  });

  it('follows its stored plan when another lobby repeats the request after the death of the first lobby', async () => {
    const { key } = request();
    const seen: string[] = [];
    // A lobby that dies before it stores the result. Its work never ends, and its lease expires.
    await expect(
      lobbies[0].run(request(key), async ({ room }) => {
        seen.push(room);
        throw new HoldfastError('server-lost');
      }),
    ).rejects.toMatchObject({ code: 'server-lost' });
    await lobbies[1].run(request(key), async ({ room }) => seen.push(room));
    expect(seen[1]).toBe(seen[0]);
  });

  it('is carried out again after a refusal', async () => {
    const { key } = request();
    await expect(lobbies[0].run(request(key), () => Promise.reject(new HoldfastError('already-in-room')))).rejects.toMatchObject({
      code: 'already-in-room',
    });
    expect(await lobbies[0].run(request(key), async () => 'done')).toBe('done');
  });

  it('is refused when its key belongs to a different request', async () => {
    const { key } = request();
    await lobbies[0].run(request(key, { users: ['a'] }), async () => 'done');
    await expect(lobbies[0].run(request(key, { users: ['b'] }), async () => 'done')).rejects.toMatchObject({ code: 'key-reused' });
  });
});
