import { createServer, type Server } from 'node:net';
import { Redis } from 'ioredis';
import { serverId } from '#libs/protocol';
import { redisName } from '#libs/redis';
import { type Fleet, startFleet, until } from '../harness/index.js';

const INTERVAL_MS = 400;

/**
 * Tests the fields and messages in Redis by which gateways check servers. A program in any language can use them to take part as a server.
 */
describe('a fleet with health checks through Redis', () => {
  let fleet: Fleet;
  let redis: Redis;
  let ears: Redis;
  beforeAll(async () => {
    const env = { HEALTH_INTERVAL_MS: String(INTERVAL_MS), HEALTH_GRACE_MS: '500' };
    fleet = await startFleet({ gateways: 2, lobbies: 1, games: 1, env });
    redis = fleet.redis.client;
    ears = new Redis(fleet.redis.url);
    ears.on('error', () => {});
  }, 60_000);
  afterAll(async () => {
    ears.disconnect();
    await fleet.stop();
  });

  it.each([serverId('gateway', '1'), serverId('lobby', '1'), serverId('game', '1')])(
    'checks %s on the channel of its server id, and reads the answer from the record of the server',
    async (id) => {
      let asked = 0;
      ears.on('message', (channel) => {
        if (channel === id) asked += 1;
      });
      await ears.subscribe(id);
      for (let round = 1; round <= 2; round++) {
        // The test sends a check as a gateway does. The server answers by setting the field `check` of its record to `update`. No other
        // server does this.
        await redis.hset(id, 'check', 'testing');
        await redis.publish(id, 'check');
        await until(async () => (await redis.hget(id, 'check')) === 'update', 1_000);
      }
      const byHand = 2;
      await until(() => asked >= byHand + 2, 10 * INTERVAL_MS);
      const [state, suspect] = await redis.hmget(id, 'state', 'suspect');
      expect([state, suspect ?? '0']).toEqual(['ready', '0']);
      await ears.unsubscribe(id);
    },
  );

  it('stores the load of a server with each answer', async () => {
    const { rooms } = await fleet.twoPlayersInAGame('chess');
    // An answer contains the load at the time of the check. So the first answers can count only one of the two players.
    await until(async () => (await redis.hmget(serverId('game', '1'), 'rooms', 'players')).join() === '1,2');
    expect(await redis.hmget(serverId('game', '1'), 'capacity', 'lagMs')).toEqual(['1000', expect.stringMatching(/^\d+(\.\d+)?$/)]);
    await rooms[0].leave();
  });

  it('evicts a server that is not built with Holdfast only when the server stops answering checks', async () => {
    const member = await Member.join(redis, fleet.redis.url);
    try {
      await until(() => member.answers >= 8, 20 * INTERVAL_MS);
      const [state, suspect] = await redis.hmget(member.id, 'state', 'suspect');
      expect([state, suspect ?? '0']).toEqual(['ready', '0']);

      member.isSilent = true;
      const silentAt = performance.now();
      await until(async () => (await redis.hget(member.id, 'state')) === 'dead', 10 * INTERVAL_MS);
      // The gateway must not evict the server before the server has missed two checks.
      expect(performance.now() - silentAt).toBeGreaterThan(INTERVAL_MS);
      expect(await redis.hget(member.id, 'deadReason')).toBe('silent');
    } finally {
      member.close();
    }
  }, 30_000);

  it('evicts no server after one missed check', async () => {
    const member = await Member.join(redis, fleet.redis.url);
    try {
      await until(() => member.answers >= 4, 20 * INTERVAL_MS);
      member.missNext = 1;
      await until(() => fleet.gateways.some((gateway) => gateway.logged('server.suspect').some(({ target }) => target === member.id)));
      await until(async () => (await redis.hget(member.id, 'suspect')) === '0', 10 * INTERVAL_MS);
      expect(await redis.hget(member.id, 'state')).toBe('ready');
    } finally {
      member.close();
    }
  }, 30_000);

  it('evicts a killed server within a second, and accepts the server again after a restart', async () => {
    for (const kind of ['games', 'lobbies', 'gateways'] as const) {
      const server = fleet[kind][fleet[kind].length - 1];
      const before = Number(await redis.hget(server.id, 'incarnation'));
      server.kill();
      await server.exited;
      const killedAt = performance.now();
      await until(async () => (await redis.hget(server.id, 'state')) === 'dead');
      expect(performance.now() - killedAt).toBeLessThan(1_000);
      await fleet.restart(server);
      const [state, incarnation] = await redis.hmget(server.id, 'state', 'incarnation');
      expect(state).toBe('ready');
      expect(Number(incarnation)).toBeGreaterThan(before);
      await fleet.whole();
    }
  }, 60_000);

  it('evicts a hanging server within four intervals', async () => {
    const [game] = fleet.games;
    const before = await redis.hget(game.id, 'incarnation');
    // Before its grace is over, a server cannot be evicted for missed checks.
    await until(async () => (await redis.hget(game.id, 'check')) === 'update');
    await until(async () => Number((await redis.time())[0]) * 1_000 - Number(await redis.hget(game.id, 'registeredAt')) > 2_000);
    game.kill('SIGSTOP');
    const stoppedAt = performance.now();
    await until(async () => (await redis.hget(game.id, 'state')) === 'dead', 10 * INTERVAL_MS);
    expect(performance.now() - stoppedAt).toBeLessThan(4 * INTERVAL_MS);
    game.kill('SIGCONT');
    await until(async () => (await redis.hget(game.id, 'state')) === 'ready');
    expect(await redis.hget(game.id, 'incarnation')).not.toBe(before);
    await fleet.whole();
    await (await fleet.twoPlayersInAGame('chess')).rooms[0].leave();
  }, 30_000);

  it('restores a deleted registry without an eviction', async () => {
    const ids = fleet.servers.map(({ id }) => id);
    const before = await Promise.all(ids.map((id) => redis.hget(id, 'incarnation')));
    await redis.del(redisName('servers'), ...ids);
    await until(async () => (await redis.scard(redisName('servers'))) === ids.length, 2 * INTERVAL_MS + 1_000);
    await until(async () => (await Promise.all(ids.map((id) => redis.hget(id, 'state')))).every((state) => state === 'ready'));
    expect(await Promise.all(ids.map((id) => redis.hget(id, 'incarnation')))).toEqual(before);
    await fleet.whole();
    // The first requests can fail, because a gateway has perhaps read the registry while it was incomplete.
    const eve = await fleet.newPlayer('Eve');
    await until(() =>
      eve.rooms().then(
        () => true,
        () => false,
      ),
    );
    await (await fleet.twoPlayersInAGame('chess')).rooms[0].leave();
  }, 30_000);
});

/** A server of the fleet that uses only ioredis: a hash, an entry in a set, a channel, and a port that accepts connections. */
class Member {
  static count = 0;
  answers = 0;
  missNext = 0;
  isSilent = false;

  private constructor(
    readonly id: string,
    private readonly ears: Redis,
    private readonly linkServer: Server,
  ) {}

  static async join(redis: Redis, url: string): Promise<Member> {
    const name = `by-hand-${++Member.count}`;
    const id = serverId('game', name);
    const ears = new Redis(url);
    ears.on('error', () => {});
    // The port accepts connections and sends nothing, like that of a hanging server. Only the answers in Redis show that the server lives.
    const linkServer = createServer((socket) => void socket.on('error', () => {}));
    await new Promise<void>((resolve) => linkServer.listen(0, '127.0.0.1', resolve));
    const linkPort = (linkServer.address() as { port: number }).port;
    const member = new Member(id, ears, linkServer);
    ears.on('message', () => void member.asked(redis));
    await ears.subscribe(id);
    const incarnation = Date.now();
    const times = { incarnation, registeredAt: incarnation, startedAt: incarnation };
    await redis.hset(id, {
      type: 'game',
      name,
      state: 'ready',
      linkHost: '127.0.0.1',
      linkPort,
      opsHost: '127.0.0.1',
      opsPort: 0,
      ...times,
    });
    await redis.sadd(redisName('servers'), id);
    await redis.publish(redisName('fleet'), JSON.stringify({ kind: 'registered', server: id, incarnation }));
    return member;
  }

  close(): void {
    this.ears.disconnect();
    this.linkServer.close();
  }

  private async asked(redis: Redis): Promise<void> {
    if (this.isSilent) return;
    if (this.missNext > 0) {
      this.missNext -= 1;
      return;
    }
    await redis.hset(this.id, { check: 'update', rooms: 0, players: 0, capacity: 0, lagMs: 1 });
    this.answers += 1;
  }
}
