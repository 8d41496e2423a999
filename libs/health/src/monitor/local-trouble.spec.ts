import { eventually } from '../../../../tools/process/until.mjs';
import { blockFor, HealthWorld, healthyAgain, INTERVAL_MS, metric, result } from '../health.fixture.js';

describe('the checks of a gateway that was suspended or without Redis', () => {
  let world: HealthWorld;

  beforeEach(async () => {
    world = await HealthWorld.open();
  });

  afterEach(() => world.close());

  it('condemn no server after a suspension of the gateway', async () => {
    const watching = await world.gateway('1');
    // The links of these servers are silent, so only the self-check of the gateway prevents an eviction.
    const game = await world.start('game', '1', { port: 'is silent' });
    await world.start('game', '2', { port: 'is silent' });
    await eventually(async () => expect(await result(watching, 'healthy')).toBeGreaterThan(3));
    blockFor(6 * INTERVAL_MS);
    const before = await result(watching, 'healthy');
    await eventually(async () => expect(await result(watching, 'healthy')).toBeGreaterThan(before + 5));
    expect((await metric(watching, 'holdfast_health_rounds_void_total')).map(({ labels }) => labels.reason)).toContain('loop-late');
    expect(watching.events.filter(({ kind }) => kind === 'evicted')).toEqual([]);
    expect(await watching.redis.commands.hget(game.self.id, 'state')).toBe('ready');
  });

  it('count no miss when an answer was due during the suspension of the gateway', async () => {
    const watching = await world.gateway('1');
    const checked = await world.foreign(watching, 'checked', 'is silent');
    let block = false;
    await world.answerLate(watching, checked.id, 0, () => {
      if (!block) return true;
      block = false;
      blockFor(4 * INTERVAL_MS);
      return false;
    });
    await eventually(async () => expect(await result(watching, 'healthy')).toBeGreaterThan(3));
    block = true;
    await eventually(() => expect(block).toBe(false));
    const before = await result(watching, 'healthy');
    await eventually(async () => expect(await result(watching, 'healthy')).toBeGreaterThan(before + 3));
    expect(await result(watching, 'void')).toBe(1);
    expect(await result(watching, 'missed')).toBe(0);
  });

  it('count no miss when an answer was due while Redis was unavailable', async () => {
    const watching = await world.gateway('1');
    const checked = await world.foreign(watching, 'checked', 'is silent');
    let stop: 'not yet' | 'now' | 'stopped' | 'over' = 'not yet';
    await world.answerLate(watching, checked.id, INTERVAL_MS * 0.7, () => {
      if (stop === 'now') {
        stop = 'stopped';
        process.kill(world.redisServer.pid, 'SIGSTOP');
        // Redis stops for less than the timeout of a Redis command, so no command fails.
        setTimeout(() => {
          process.kill(world.redisServer.pid, 'SIGCONT');
          stop = 'over';
        }, 5 * INTERVAL_MS);
      }
      return stop === 'not yet' || stop === 'over';
    });
    await eventually(async () => expect(await result(watching, 'healthy')).toBeGreaterThan(3));
    stop = 'now';
    await eventually(() => expect(stop).toBe('over'));
    const before = await result(watching, 'healthy');
    await eventually(async () => expect(await result(watching, 'healthy')).toBeGreaterThan(before + 3));
    expect(await result(watching, 'missed')).toBe(0);
    expect(await result(watching, 'void')).toBeGreaterThan(0);
  });

  it('condemn no server when Redis stops for a moment, is flushed, or restarts without data', async () => {
    const watching = await world.gateway('1');
    // The links of these servers are silent, so only the self-check of the gateway prevents an eviction.
    const games = [
      await world.start('game', '1', { port: 'is silent' }),
      await world.start('game', '2', { port: 'is silent' }),
      await world.start('lobby', '1', { port: 'is silent' }),
    ];
    const incarnations = games.map(({ self }) => self.incarnation);
    await eventually(async () => expect(await result(watching, 'healthy')).toBeGreaterThan(3));

    process.kill(world.redisServer.pid, 'SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 10 * INTERVAL_MS));
    process.kill(world.redisServer.pid, 'SIGCONT');
    await healthyAgain(watching);

    await watching.redis.commands.flushall();
    await healthyAgain(watching);

    const { port } = world.redisServer;
    world.redisServer.process.kill('SIGKILL');
    await new Promise((resolve) => world.redisServer.process.once('exit', resolve));
    await world.startRedis({ port });
    await healthyAgain(watching);

    for (const { self, redis } of [watching, ...games]) {
      expect(await redis.commands.hgetall(self.id)).toMatchObject({ state: 'ready', incarnation: String(self.incarnation) });
    }
    expect(games.map(({ self }) => self.incarnation)).toEqual(incarnations);
    expect(watching.events.filter(({ kind }) => kind === 'evicted' || kind === 'left')).toEqual([]);
    expect((await metric(watching, 'holdfast_health_rounds_void_total')).map(({ labels }) => labels.reason)).toContain('store-restarted');
  });
});
