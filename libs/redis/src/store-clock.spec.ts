import { until } from '../../../tools/process/until.mjs';
import type { RedisClient } from './connect.js';
import { RedisConnections } from './redis-connections.js';
import { StoreClock } from './store-clock.js';

const HOUR = 3_600_000;

/** A fake Redis whose clock and delays the test controls. */
class FakeStore {
  aheadMs = 0;
  /** Delays of the next requests in each direction, in ms. When the list is empty, requests have no delay. */
  roundTrips: [there: number, back: number][] = [];
  readonly listeners: (() => void)[] = [];

  readonly connections = {
    commands: {
      on: (_: string, listener: () => void) => this.listeners.push(listener),
      time: () => this.time(),
    } as unknown as RedisClient,
  } as RedisConnections;

  private async time(): Promise<[number, number]> {
    const [there, back] = this.roundTrips.shift() ?? [0, 0];
    monotonic += there;
    const at = monotonic + this.aheadMs;
    monotonic += back;
    return [Math.floor(at / 1_000), Math.floor((at % 1_000) * 1_000)];
  }
}

let monotonic: number;
let wall: number;
let store: FakeStore;
let clock: StoreClock;
beforeEach(() => {
  monotonic = 1_000;
  wall = 1_700_000_000_000;
  jest.spyOn(performance, 'now').mockImplementation(() => monotonic);
  jest.spyOn(Date, 'now').mockImplementation(() => wall);
  store = new FakeStore();
  store.aheadMs = 1_700_000_500_000;
  clock = new StoreClock(store.connections);
});
afterEach(() => {
  clock.onModuleDestroy();
  jest.restoreAllMocks();
});

describe('StoreClock', () => {
  it('follows the clock of this machine until `start` has resolved, and then the clock of Redis', async () => {
    expect(clock.now()).toBe(wall);
    expect(clock.offsetMs).toBeNull();
    await clock.start();
    expect(clock.now()).toBeCloseTo(monotonic + store.aheadMs, 2);
    expect(clock.storeTime()).toBeCloseTo(monotonic + store.aheadMs, 2);
    expect(clock.offsetMs).toBeCloseTo(wall - monotonic - store.aheadMs, 2);
  });

  it('computes the offset from the shortest round trip, and assumes equal times in both directions', async () => {
    store.roundTrips = [
      [300, 0],
      [4, 2],
      [0, 90],
    ];
    await clock.start();
    expect(Math.abs(clock.now() - monotonic - store.aheadMs)).toBeLessThanOrEqual(1.1);
  });

  it('does not jump when somebody sets the clock of the machine', async () => {
    await clock.start();
    const before = clock.now();
    const offset = clock.offsetMs as number;
    wall -= HOUR;
    monotonic += 10;
    expect(clock.now()).toBeCloseTo(before + 10, 2);
    expect((clock.offsetMs as number) - offset).toBeCloseTo(-HOUR - 10, 2);
  });

  it.each([
    ['back', -40],
    ['ahead', 40],
  ])('gradually approaches a Redis clock that has drifted %s', async (_, drift) => {
    await clock.start();
    store.aheadMs += drift;
    for (let sample = 0; sample < 40; sample++) {
      await clock.sample();
      const before = clock.now();
      monotonic += 5_000;
      expect(clock.now() - before).toBeGreaterThan(4_990);
      expect(clock.now() - before).toBeLessThan(5_010);
    }
    expect(clock.now() - monotonic - store.aheadMs).toBeCloseTo(0, 0);
  });

  it.each([
    ['back', -HOUR],
    ['ahead', HOUR],
  ])('keeps its speed when the clock of Redis is set %s by an hour', async (_, by) => {
    await clock.start();
    const before = clock.now();
    store.aheadMs += by;
    await clock.sample();
    monotonic += 100;
    expect(clock.now() - before).toBeCloseTo(100, 2);
    expect(clock.storeTime()).toBeCloseTo(monotonic + store.aheadMs, 2);
  });

  it('ignores slow answers of Redis', async () => {
    await clock.start();
    store.aheadMs += 300;
    store.roundTrips = [
      [600, 0],
      [600, 0],
      [600, 0],
    ];
    await clock.sample();
    expect(clock.storeTime()).toBeCloseTo(monotonic + store.aheadMs - 300, 2);
    for (const ready of store.listeners) ready();
    await until(() => clock.storeTime() > monotonic + store.aheadMs - 1, 1_000);
    expect(clock.storeTime()).toBeCloseTo(monotonic + store.aheadMs, 2);
  });

  it('rejects `start` when Redis does not answer', async () => {
    const away = new RedisConnections({ url: 'redis://127.0.0.1:1' });
    await expect(new StoreClock(away).start()).rejects.toThrow();
    away.onApplicationShutdown();
  });
});

describe('StoreClock with a real Redis', () => {
  it('returns the time of a real Redis', async () => {
    jest.restoreAllMocks();
    const redis = new RedisConnections({ url: process.env.HOLDFAST_TEST_REDIS_URL as string });
    await redis.ready();
    const real = new StoreClock(redis);
    await real.start();
    expect(Math.abs(real.offsetMs as number)).toBeLessThan(50);
    real.onModuleDestroy();
    redis.onApplicationShutdown();
  });
});
