import { Redis } from 'ioredis';
import { ServerDirectory, ServerRegistration } from '#libs/fleet';
import { eventually } from '../../../../tools/process/until.mjs';
import { AnswersSeen, EndsSeen, evicted, HealthWorld, metric } from '../health.fixture.js';

describe('the protocol of health checks, over a real Redis', () => {
  let world: HealthWorld;

  beforeEach(async () => {
    world = await HealthWorld.open();
  });

  afterEach(() => world.close());

  it('makes the server replace the check value `testing` with `update` and report its load', async () => {
    const watching = await world.gateway('1');
    const game = await world.start('game', '1');
    await eventually(async () => {
      const record = await watching.redis.commands.hgetall(game.self.id);
      expect(record).toMatchObject({ check: 'update', rooms: '3', players: '5', capacity: '10' });
      expect(Number(record.lagMs)).toBeGreaterThanOrEqual(0);
    });
    await eventually(() =>
      expect(game.module.get(AnswersSeen).answers).toContainEqual(expect.objectContaining({ rooms: 3, players: 5, capacity: 10 })),
    );

    const silent = await world.foreign(watching, 'mute', 'speaks');
    const heard: string[] = [];
    const listener = watching.redis.open();
    await listener.connect();
    listener.on('message', (channel) => heard.push(channel));
    await listener.subscribe(silent.id);
    await eventually(() => expect(heard).toContain(silent.id));
    expect((await silent.record()).check).toBe('testing');
  });

  it('treats any program that answers each check with `update` as a healthy server', async () => {
    const watching = await world.gateway('1');
    const other = await world.foreign(watching, 'other', 'refuses');
    await watching.redis.commands.hset(other.id, { linkPort: 0 });
    const listener = watching.redis.open();
    await listener.connect();
    listener.on('message', () => void watching.redis.commands.hset(other.id, { check: 'update' }));
    await listener.subscribe(other.id);
    await eventually(async () =>
      expect(
        (await metric(watching, 'holdfast_health_checks_total')).find(({ labels }) => labels.result === 'healthy')?.value,
      ).toBeGreaterThan(4),
    );
    expect((await other.record()).state).toBe('ready');
  });

  it('evicts a server, and starts only one cleanup, on a Redis Cluster', async () => {
    await world.redisServer.stop();
    await world.startRedis({ config: { 'cluster-enabled': 'yes', 'cluster-announce-ip': '127.0.0.1' } });
    const admin = new Redis(world.redisServer.url);
    await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    await eventually(async () => expect(await admin.call('CLUSTER', 'INFO')).toContain('cluster_state:ok'));
    admin.disconnect();
    world.redisServer = { ...world.redisServer, url: `${world.redisServer.url},${world.redisServer.url}` };

    const gateways = [await world.gateway('1'), await world.gateway('2')];
    const game = await world.start('game', '1');
    const silent = await world.foreign(gateways[0], 'silent', 'is silent');
    await eventually(() => expect(evicted(gateways[1], silent.id)).toHaveLength(1));
    await eventually(async () => expect((await silent.record()).settledAt).toBeDefined());
    await eventually(async () => expect((await game.redis.commands.hget(game.self.id, 'check')) ?? '').toBe('update'));
    await game.module.get(ServerRegistration).leave();
    await eventually(() => expect(gateways[0].module.get(ServerDirectory).get(game.self.id)).toBeUndefined());
    expect(gateways.flatMap(({ module }) => module.get(EndsSeen).ends)).toHaveLength(1);
  });
});
