import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cluster, Redis } from 'ioredis';
import type { TicTacToe } from '#games/tic-tac-toe';
import { writeCertificates } from '../tools/testing/certificates.js';
import { documentedUsers } from './harness/documented-users.js';
import {
  ClusterStore,
  EventStream,
  type Fleet,
  FleetRedis,
  type FleetServer,
  type FleetStore,
  LedgerGame,
  SentinelStore,
  startFleet,
  until,
} from './harness/index.js';

/** The password with which this test connects to Redis, and with which the Redis processes connect to each other. */
const ADMIN = 'of-the-test';

let home: string;
let fleet: Fleet;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'holdfast-access-'));
});
afterEach(async () => {
  await fleet?.stop();
  await rm(home, { recursive: true, force: true });
});

/**
 * Makes the fleet use all Redis commands that it needs: plays games, lists rooms, matches players, kills a game server and restarts a
 * gateway. Returns the running games.
 */
async function exercise(): Promise<LedgerGame[]> {
  const games = await LedgerGame.many(fleet, 3);
  await Promise.all(games.map((game) => game.goesOn()));
  const [ada, bob] = await Promise.all(['Ada', 'Bob'].map((name) => fleet.newPlayer(name)));
  const open = await ada.createRoom({ game: 'tic-tac-toe', name: 'Listed' });
  expect((await bob.rooms()).map(({ id }) => id)).toContain(open.id);
  await open.leave();
  const matched = await Promise.all([ada, bob].map((player) => player.quickMatch<TicTacToe>('tic-tac-toe')));
  await Promise.all(matched.map((room) => room.waitFor(({ state }) => !!state, { timeoutMs: 10_000 })));
  for (const room of matched) await room.leave();
  for (const player of [ada, bob]) player.close();

  const killed = await fleet.ownerOf(games[0].rooms[0]);
  killed.kill();
  await Promise.all(games.map((game) => game.goesOn()));
  await fleet.restart(killed);
  await fleet.restart(fleet.gateways[0]);
  await fleet.whole();
  await Promise.all(games.map((game) => game.goesOn()));
  return games;
}

/** Returns the entries of `ACL LOG`: the commands and the authentications that these nodes refused. */
async function refusals(nodes: readonly Redis[]): Promise<unknown[]> {
  return (await Promise.all(nodes.map((node) => node.acl('LOG')))).flat();
}

const nodesOf = (store: FleetStore): Redis[] => (store.client instanceof Cluster ? store.client.nodes('master') : [store.client]);

describe('a fleet whose user of Redis has only the documented permissions', () => {
  it('needs no other permission on a single Redis, even after the loss of all data', async () => {
    const { data } = await documentedUsers();
    fleet = await startFleet({
      games: 2,
      testGames: { turnMs: 60_000 },
      store: async (folder) => {
        const redis = await FleetRedis.start(folder, { appendonly: true, config: { user: data } });
        return {
          url: redis.url,
          env: { REDIS_USER: 'holdfast', REDIS_PASSWORD: 'of-the-fleet' },
          client: redis.client,
          stop: () => redis.stop(),
          redis,
        } as FleetStore;
      },
    });
    const { redis } = fleet.store as FleetStore & { redis: FleetRedis };
    const games = await exercise();
    expect(await refusals([redis.client])).toEqual([]);
    await redis.fallBack('nothing');
    await Promise.all(games.map((game) => game.goesOn(2, 20_000)));
    const drained = await fleet.ownerOf(games[0].rooms[0]);
    drained.kill('SIGTERM');
    await drained.exited;
    await Promise.all(games.map((game) => game.settled()));
    await Promise.all(games.map((game) => game.leave()));
    expect(await refusals([redis.client])).toEqual([]);
    // The Redis user of the fleet must not use keys outside of the prefix, nor administer Redis.
    const user = new Redis(fleet.store.url, { username: 'holdfast', password: 'of-the-fleet' });
    for (const command of [
      ['SET', 'other:key', '1'],
      ['FLUSHALL'],
      ['CONFIG', 'GET', '*'],
      ['KEYS', '*'],
      ['SUBSCRIBE', 'other:channel'],
      ['ACL', 'LIST'],
    ])
      await expect(user.call(command[0], ...command.slice(1))).rejects.toThrow(/^NOPERM/);
    user.disconnect();
  }, 90_000);

  it('needs no other permission on a Redis Cluster with TLS', async () => {
    const [{ data }, tls] = [await documentedUsers(), await writeCertificates(home, 'redis.example.org')];
    fleet = await startFleet({
      games: 2,
      testGames: { turnMs: 60_000 },
      store: async (folder) => {
        const cluster = await ClusterStore.start(folder, { password: ADMIN, user: data, tls });
        const [one] = cluster.url.split(',');
        const port = new URL(one).port;
        return {
          // The URL contains one node twice, because a URL with one address means a single Redis and not a Cluster.
          url: `rediss://holdfast:of-the-fleet@127.0.0.1:${port},127.0.0.1:${port}`,
          env: { REDIS_TLS_CA: tls.ca, REDIS_TLS_NAME: 'redis.example.org' },
          client: cluster.client,
          stop: () => cluster.stop(),
        };
      },
    });
    const games = await exercise();
    await Promise.all(games.map((game) => game.settled()));
    await Promise.all(games.map((game) => game.leave()));
    const nodes = nodesOf(fleet.store);
    expect(nodes).toHaveLength(3);
    expect(await refusals(nodes)).toEqual([]);
    for (const node of nodes) expect(await node.client('LIST')).toMatch(/user=holdfast/);
  }, 90_000);

  it.each([
    ['users, passwords and TLS', { data: true, sentinels: true }],
    ['users and passwords, of which only the data nodes have TLS', { data: true, sentinels: false }],
    ['users and passwords, of which only the sentinels have TLS', { data: false, sentinels: true }],
  ])(
    'needs no other permission behind sentinels with %s, even after a failover',
    async (_, hasTls) => {
      const [{ data }, { sentinel }, tls] = [
        await documentedUsers(),
        await documentedUsers('of-the-sentinels'),
        await writeCertificates(home),
      ];
      let sentinels!: SentinelStore;
      fleet = await startFleet({
        games: 2,
        testGames: { turnMs: 60_000 },
        store: async (folder) => {
          sentinels = await SentinelStore.start(
            folder,
            { password: ADMIN, user: data, ...(hasTls.data && { tls }) },
            { password: 'among-sentinels', user: sentinel, ...(hasTls.sentinels && { tls }) },
          );
          const file = join(home, 'password');
          await writeFile(file, 'of-the-fleet\n');
          return {
            url: sentinels.url,
            env: {
              REDIS_USER: 'holdfast',
              REDIS_PASSWORD_FILE: file,
              REDIS_TLS: String(hasTls.data),
              REDIS_TLS_CA: tls.ca,
              REDIS_SENTINEL_USER: 'holdfast',
              REDIS_SENTINEL_PASSWORD: 'of-the-sentinels',
              REDIS_SENTINEL_TLS: String(hasTls.sentinels),
            },
            client: sentinels.client,
            stop: () => sentinels.stop(),
          };
        },
      });
      const games = await exercise();
      expect(await refusals([sentinels.client])).toEqual([]);
      await sentinels.killPrimary();
      await Promise.all(games.map((game) => game.goesOn(2, 30_000)));
      await sentinels.failedOver();
      await Promise.all(games.map((game) => game.settled()));
      await Promise.all(games.map((game) => game.leave()));
      expect(await refusals([sentinels.client])).toEqual([]);
      const watched = new Redis(sentinels.sentinels[0].url, hasTls.sentinels ? { tls: { ca: await readFile(tls.ca) } } : {});
      expect(await refusals([watched])).toEqual([]);
      watched.disconnect();
    },
    120_000,
  );
});

describe('the password of a fleet for Redis', () => {
  it('can be changed during games by the documented procedure', async () => {
    const file = join(home, 'password');
    const replace = async (password: string): Promise<void> => {
      await writeFile(`${file}.new`, `${password}\n`);
      await rename(`${file}.new`, file);
    };
    await replace('one');
    fleet = await startFleet({
      games: 2,
      testGames: { turnMs: 60_000 },
      store: async (folder) => {
        const redis = await FleetRedis.start(folder, { config: { user: (await documentedUsers('one')).data } });
        const env = { REDIS_USER: 'holdfast', REDIS_PASSWORD_FILE: file };
        return { url: redis.url, env, client: redis.client, stop: () => redis.stop() };
      },
    });
    const operator = fleet.store.client as Redis;
    const everyServerLogged = (event: string, times: number): Promise<unknown> =>
      Promise.all(fleet.servers.map((server) => until(() => server.logged(event).length === times, 15_000)));
    const cutOff = (): Promise<unknown> => operator.client('KILL', 'USER', 'holdfast');
    const games = await LedgerGame.many(fleet, 3);
    await Promise.all(games.map((game) => game.goesOn()));

    await operator.acl('SETUSER', 'holdfast', '>two');
    await replace('two');
    await everyServerLogged('store.password-accepted', 1);
    await operator.acl('SETUSER', 'holdfast', '<one');
    await cutOff();
    await Promise.all(games.map((game) => game.goesOn(2, 15_000)));
    await fleet.restart(fleet.gateways[0]);
    await fleet.whole();

    // Changes the password in the wrong order: first in the password file, then in Redis.
    await replace('three');
    await everyServerLogged('store.password-refused', 1);
    await Promise.all(games.map((game) => game.goesOn(2, 15_000)));
    await cutOff();
    await everyServerLogged('store.unavailable', 1).catch(() => {});
    await operator.acl('SETUSER', 'holdfast', '>three', '<two');
    await Promise.all(games.map((game) => game.goesOn(2, 15_000)));
    await Promise.all(games.map((game) => game.settled()));
    await Promise.all(games.map((game) => game.leave()));
  }, 90_000);
});

describe('a `maxmemory-policy` that deletes keys', () => {
  it('makes a server refuse to start, and is reported by servers that already run', async () => {
    fleet = await startFleet();
    const { client } = fleet.redis;
    const events = await EventStream.of(fleet.gateways[0]);
    const metric = async (server: FleetServer): Promise<string | undefined> =>
      /^holdfast_store_evicts\{[^}]*\} (\d)/m.exec((await server.ops('/metrics')).text)?.[1];
    for (const server of fleet.servers) expect(await metric(server)).toBe('0');
    await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
    for (const server of fleet.servers) {
      await until(() => server.logged('store.policy-wrong').length === 1, 15_000);
      expect(server.logged('store.policy-wrong')).toMatchObject([{ level: 'error', policy: 'allkeys-lru' }]);
      expect(await metric(server)).toBe('1');
      await until(() => events.told('store.policy-wrong', server.id).length === 1);
      // The server must stay ready. All servers use this Redis, so otherwise all of them would become unready together.
      expect((await server.ops('/readyz')).status).toBe(200);
    }
    await expect(fleet.start('game', 'late')).rejects.toThrow(/maxmemory-policy allkeys-lru/);
    await client.config('SET', 'maxmemory-policy', 'noeviction');
    for (const server of fleet.servers) {
      await until(() => server.logged('store.policy-right').length === 1, 15_000);
      expect(await metric(server)).toBe('0');
    }
    events.close();
  }, 60_000);
});
