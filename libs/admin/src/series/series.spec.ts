import { Test, type TestingModule } from '@nestjs/testing';
import type { Self, ServerDirectory, ServerRecord } from '#libs/fleet';
import { toServerRecord } from '#libs/fleet';
import { RedisConnections, RedisModule, StoreClock } from '#libs/redis';
import type { Log } from '#libs/telemetry';
import { until } from '../../../../tools/process/until.mjs';
import type { FleetCapacity } from '../fleet-capacity.js';
import { combined, type FleetSample, sampleOf } from './fleet-sample.js';
import { pointsOf } from './series-points.js';
import { COARSE, FINE, SeriesStore, seriesKey } from './series-store.js';
import { SeriesWriter } from './series-writer.js';

function server(fields: Record<string, string>): ServerRecord {
  const { type = 'game', name = '1' } = fields;
  return toServerRecord(`hf:${type}:${name}`, { type, name, state: 'ready', incarnation: '1', ...fields })!;
}

const fleet = (games: number, ackP99Ms: number | null = null): FleetSample => ({
  fleet: [games, 100, 20, 50, ackP99Ms, 1, 1, 0],
  servers: { 'game:1': [games, 10, 1, 50] },
});

describe('a sample of the fleet', () => {
  it('has the load of each living server, and the sums for the whole fleet', () => {
    const records = [
      server({ rooms: '3', commandsPerSecond: '40', ackP99Ms: '2.5', cpuPercent: '30', lagMs: '1.26' }),
      server({ name: '2', rooms: '4', commandsPerSecond: '60', ackP99Ms: '8', cpuPercent: '50' }),
      server({ type: 'gateway', players: '14' }),
    ];
    const { fleet: values, servers } = sampleOf(records, 200);
    expect(values).toEqual([7, 200, 14, 100, 8, 1.26, 2, 0]);
    expect(servers).toEqual({ 'game:1': [3, 30, 1.3, 40], 'game:2': [4, 50, 0, 60], 'gateway:1': [14, null, 0, null] });
  });

  it('counts the rooms of a lost server until its recovery is complete', () => {
    const lost = { state: 'dead', rooms: '5', deadAt: '1' };
    expect(sampleOf([server(lost)], 0).fleet.at(-1)).toBe(5);
    expect(sampleOf([server({ ...lost, settledAt: '2' })], 0).fleet.at(-1)).toBe(0);
  });

  it('omits the servers with the lowest load when the fleet has more than two hundred servers', () => {
    const many = Array.from({ length: 210 }, (_, index) => server({ name: `${index}`, rooms: `${index}` }));
    const names = Object.keys(sampleOf(many, 0).servers);
    expect(names).toHaveLength(200);
    expect(names).not.toContain('game:9');
  });

  it('contains the mean of each load and the maximum of each delay when it combines several samples', () => {
    expect(combined([fleet(2, 3), fleet(4, null), fleet(9, 40)])).toEqual({ ...fleet(5, 40), servers: { 'game:1': [5, 10, 1, 50] } });
  });
});

describe('the points of a chart', () => {
  it('have one value for each period, and null for a period without a sample', () => {
    const samples = [
      { at: 0, ...fleet(2) },
      { at: 10_000, ...fleet(4) },
      { at: 40_000, ...fleet(6) },
    ];
    const { at, fleet: lists, servers } = pointsOf(samples, { from: 0, to: 45_000, stepMs: 20_000 });
    expect(at).toEqual([0, 20_000, 40_000]);
    expect(lists.games).toEqual([3, null, 6]);
    expect(servers).toEqual([{ id: 'game:1', type: 'game', load: [3, null, 6] }]);
  });

  it('contain all values of a server when the request names the server', () => {
    const { servers } = pointsOf([{ at: 0, ...fleet(2) }], { from: 0, to: 0, stepMs: 10_000, only: 'game:1' });
    expect(servers).toEqual([{ id: 'game:1', type: 'game', load: [2], cpuPercent: [10], lagMs: [1], commandsPerSecond: [50] }]);
  });
});

describe('the samples in Redis', () => {
  let module: TestingModule;
  let redis: RedisConnections;
  let store: SeriesStore;

  beforeAll(async () => {
    module = await Test.createTestingModule({
      imports: [RedisModule.forRoot({ url: process.env.HOLDFAST_TEST_REDIS_URL as string })],
      providers: [SeriesStore],
    }).compile();
    redis = module.get(RedisConnections);
    store = module.get(SeriesStore);
    await redis.ready();
    await module.get(StoreClock).start();
  });
  beforeEach(() => redis.commands.del(seriesKey(FINE), seriesKey(COARSE), 'hf:series-writer'));
  afterAll(() => module.close());

  it('exist once per period when two gateways write at the same time', async () => {
    const written = await Promise.all([store.add(600_000, fleet(1)), store.add(600_000, fleet(2))]);
    expect(written.sort()).toEqual([false, true]);
    expect(await store.read(FINE, 0)).toHaveLength(1);
  });

  it('are combined into one coarse sample per minute', async () => {
    for (let at = 610_000; at <= 660_000; at += 10_000) await store.add(at, fleet(at / 10_000));
    expect(await store.read(COARSE, 0)).toMatchObject([{ at: 660_000, fleet: [63.5, 100, 20, 50, null, 1, 1, 0] }]);
  });

  it('are combined into a coarse sample even when the gateway dies after storing the last sample of a minute', async () => {
    for (let at = 610_000; at <= 650_000; at += 10_000) await store.add(at, fleet(1));
    await redis.commands.xadd(seriesKey(FINE), '660000-0', 'sample', JSON.stringify(fleet(1)));
    expect(await store.add(660_000, fleet(1))).toBe(false);
    expect((await store.read(COARSE, 0)).map(({ at }) => at)).toEqual([660_000]);
  });

  it('are kept for one hour at intervals of ten seconds', async () => {
    for (let at = 1_000_000; at < 1_000_000 + 3_700_000; at += 10_000) await store.add(at, fleet(1));
    const samples = await store.read(FINE, 0);
    expect(samples).toHaveLength(360);
    expect(samples.at(-1)!.at).toBe(4_690_000);
    expect(await redis.commands.pttl(seriesKey(FINE))).toBeGreaterThan(0);
  }, 20_000);

  it('are read without the entries that another program has written', async () => {
    await redis.commands.xadd(seriesKey(FINE), '5-0', 'sample', 'no JSON');
    await store.add(10_000, fleet(1));
    expect((await store.read(FINE, 0)).map(({ at }) => at)).toEqual([10_000]);
  });

  it('are written by a second gateway after the lease of a dead gateway has expired', async () => {
    const clock = module.get(StoreClock);
    const writer = new SeriesWriter(
      redis,
      store,
      { all: () => [server({ rooms: '3' })] } as unknown as ServerDirectory,
      { now: () => ({ slots: 100 }) } as unknown as FleetCapacity,
      clock,
      { state: 'ready' } as Self,
      { debug: () => {} } as unknown as Log,
    );
    await redis.commands.set('hf:series-writer', 'a dead gateway', 'PX', 300);
    await writer.tick();
    expect(await store.read(FINE, 0)).toEqual([]);
    const period = Math.floor(clock.storeTime() / FINE.stepMs) * FINE.stepMs;
    await until(async () => {
      await writer.tick();
      return (await store.read(FINE, 0)).length > 0;
    });
    const [sample] = await store.read(FINE, 0);
    expect(sample!.at - period).toBeLessThanOrEqual(FINE.stepMs);
    await writer.tick();
    const times = (await store.read(FINE, 0)).map(({ at }) => at);
    expect(new Set(times).size).toBe(times.length);
  });
});
