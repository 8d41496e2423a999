import type { CallHandler, ExecutionContext } from '@nestjs/common';
import { defer, lastValueFrom } from 'rxjs';
import { HoldfastError } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import type { StoreGeneration } from '#libs/room-store';
import { FallbackInterceptor } from './fallback-interceptor.js';
import type { StoreSettlement } from './store-settlement.js';

const redis = new RedisConnections({ url: process.env.HOLDFAST_TEST_REDIS_URL as string });
beforeAll(() => redis.ready());
afterAll(() => redis.onApplicationShutdown());

function newInterceptor(settles: boolean) {
  const generation = { current: 'one' as string | null };
  const settlement = {
    whenSettled: async () => {
      if (!settles) throw new HoldfastError('unavailable');
    },
  };
  const interceptor = new FallbackInterceptor(generation as StoreGeneration, settlement as unknown as StoreSettlement, redis);
  const run = (operation: () => Promise<unknown>) =>
    lastValueFrom(interceptor.intercept({} as ExecutionContext, { handle: () => defer(operation) } as CallHandler));
  return { generation, run };
}

const key = 'spec:fallback-interceptor';
beforeEach(() => redis.commands.del(key));

describe('FallbackInterceptor with a store that loses data during a request', () => {
  it.each(['succeeded', 'failed'])('repeats a request that %s', async (outcome) => {
    const { generation, run } = newInterceptor(true);
    const result = await run(async () => {
      const tries = await redis.commands.incr(key);
      if (tries > 1) return tries;
      generation.current = 'two';
      if (outcome === 'failed') throw new HoldfastError('unavailable');
      return tries;
    });
    expect(result).toBe(2);
  });

  it('throws `unavailable` when the store does not become settled', async () => {
    const { generation, run } = newInterceptor(false);
    const operation = async () => {
      await redis.commands.incr(key);
      generation.current = 'two';
      return 'done';
    };
    await expect(run(operation)).rejects.toMatchObject({ code: 'unavailable' });
    expect(await redis.commands.get(key)).toBe('1');
  });
});

describe('FallbackInterceptor with a store that loses nothing', () => {
  it('runs a request only once, even when the request fails', async () => {
    const { run } = newInterceptor(true);
    expect(await run(() => redis.commands.incr(key))).toBe(1);
    const refused = async () => {
      await redis.commands.incr(key);
      throw new HoldfastError('room-full');
    };
    await expect(run(refused)).rejects.toMatchObject({ code: 'room-full' });
    expect(await redis.commands.get(key)).toBe('2');
  });
});
