import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { redisName } from '#libs/redis';
import { ADMIN_TOKEN, type Fleet, type FleetServer, LedgerGame, RawPlayer, startFleet, until } from './harness/index.js';

const HELLOS = 960;
const GAMES = 2;
/** The time after which a server notices that the store hangs, in ms. */
const COMMAND_TIMEOUT_MS = 500;
/** Maximum number of warnings that one server logs in one outage: about the store, the server itself, and the servers that it checks. */
const WARNINGS_MAX = 6;

interface Trouble {
  readonly name: string;
  begin(fleet: Fleet): Promise<unknown>;
  end(fleet: Fleet): Promise<unknown>;
  /** The reason in the log event `store.unavailable`. Absent when the reason depends on which command fails first. */
  readonly reason?: string;
}

const config =
  (...settings: [string, string][]) =>
  async ({ redis }: Fleet) => {
    for (const [name, value] of settings) await redis.client.config('SET', name, value);
  };

let gone: string;
let loading: Promise<void>;
let busy: Redis;

const TROUBLES: readonly Trouble[] = [
  { name: 'is full (OOM)', begin: config(['maxmemory', '1mb']), end: config(['maxmemory', '0']), reason: 'oom' },
  {
    name: 'is a replica (READONLY)',
    begin: ({ redis }) => redis.client.replicaof('127.0.0.1', 1),
    end: ({ redis }) => redis.client.replicaof('NO', 'ONE'),
  },
  {
    name: 'has too few replicas (NOREPLICAS)',
    begin: config(['min-replicas-to-write', '3']),
    end: config(['min-replicas-to-write', '0']),
    reason: 'noreplicas',
  },
  {
    name: 'cannot save (MISCONF)',
    async begin({ redis }) {
      gone = mkdtempSync(join(tmpdir(), 'holdfast-gone-'));
      await config(['dir', gone], ['save', '3600 1'])({ redis } as Fleet);
      rmSync(gone, { recursive: true });
      await redis.client.bgsave();
      await until(async () => (await redis.client.info('persistence')).includes('rdb_last_bgsave_status:err'));
    },
    end: ({ redis }) => config(['save', ''], ['dir', redis.dir])({ redis } as Fleet),
    reason: 'misconf',
  },
  {
    name: 'does not let this user write (NOPERM)',
    begin: ({ redis }) => redis.client.acl('SETUSER', 'default', '-@write'),
    end: ({ redis }) => redis.client.acl('SETUSER', 'default', '+@all'),
    reason: 'noperm',
  },
  {
    name: 'wants a password (NOAUTH)',
    async begin({ redis }) {
      await redis.client.config('SET', 'requirepass', 'a password for tests only');
      await redis.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await redis.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    },
    end: config(['requirepass', '']),
  },
  {
    name: 'runs a script that does not end (BUSY)',
    async begin({ redis }) {
      await redis.client.config('SET', 'busy-reply-threshold', 50);
      busy = new Redis(redis.url);
      busy.on('error', () => {});
      busy.eval('while true do end', 0).catch(() => {});
      await until(() =>
        redis.client.get('x').then(
          () => false,
          (error) => String(error).includes('BUSY'),
        ),
      );
    },
    async end({ redis }) {
      await redis.client.script('KILL');
      busy.disconnect();
    },
  },
  {
    name: 'accepts no more connections (maxclients)',
    async begin({ redis }) {
      const own = String(await redis.client.call('CLIENT', 'ID'));
      await redis.client.config('SET', 'maxclients', 1);
      const clients = String(await redis.client.call('CLIENT', 'LIST')).matchAll(/^id=(\d+)/gm);
      for (const [, id] of clients) if (id !== own) await redis.client.call('CLIENT', 'KILL', 'ID', id);
    },
    end: config(['maxclients', '10000']),
    reason: 'away',
  },
  {
    name: 'loads its data (LOADING)',
    async begin({ redis }) {
      const pipeline = redis.client.pipeline();
      for (let key = 0; key < 8_000; key++) pipeline.set(redisName(`loaded:${key}`), '1');
      await pipeline.exec();
      await redis.client.save();
      await redis.kill();
      loading = redis.startAgain();
    },
    end: () => loading,
  },
  { name: 'is killed', begin: ({ redis }) => redis.kill(), end: ({ redis }) => redis.startAgain(), reason: 'away' },
  { name: 'hangs', begin: async ({ redis }) => redis.pause(), end: async ({ redis }) => redis.resume() },
];

describe('a fleet with a failing store', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet({
      games: 2,
      testGames: { turnMs: 60_000 },
      env: { REDIS_COMMAND_TIMEOUT_MS: String(COMMAND_TIMEOUT_MS) },
      redis: { config: { 'enable-protected-configs': 'yes', 'key-load-delay': 400 } },
    });
  }, 60_000);
  afterAll(() => fleet.stop());

  it.each(TROUBLES)(
    'refuses players with `unavailable` when the store $name',
    async ({ begin, end, reason }) => {
      const games = await LedgerGame.many(fleet, GAMES);
      await Promise.all(games.map((game) => game.goesOn()));
      const visitor = await fleet.newPlayer('Visitor');
      const before = fleet.servers.map((server) => server.log().length);

      await begin(fleet);
      try {
        const codes = await Promise.all(Array.from({ length: HELLOS }, (_, number) => codeOfHello(fleet.gateways[0], `H${number}`)));
        expect([...new Set(codes)]).toEqual(['unavailable']);
        await expect(visitor.createRoom({ game: 'ledger' })).rejects.toMatchObject({ code: 'unavailable', retry: true });
        await Promise.all(fleet.servers.map((server) => until(async () => (await server.ops('/readyz')).status === 503)));
        await Promise.all(fleet.servers.map((server, index) => until(() => saidOf(server, before[index], 'store.unavailable').length > 0)));
        const cordoned = await fetch(`${fleet.gateways[0].opsUrl}/api/servers/${fleet.games[0].id}/cordon`, {
          method: 'POST',
          headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
        });
        expect(cordoned.status).toBe(503);
        expect(await cordoned.json()).toMatchObject({ code: 'unavailable', retry: true });
      } finally {
        await end(fleet);
      }
      await Promise.all(fleet.servers.map((server) => until(async () => (await server.ops('/readyz')).status === 200, 10_000)));
      visitor.close();
      await Promise.all(games.map((game) => game.goesOn()));
      await Promise.all(games.map((game) => game.settled()));
      await Promise.all(games.map((game) => game.leave()));
      await Promise.all(
        fleet.servers.map(async (server, index) => {
          const said = (event?: string) => saidOf(server, before[index], event);
          await until(() => said('store.available').length > 0, 10_000);
          const [unavailable, ...more] = said('store.unavailable');
          expect(more).toEqual([]);
          if (reason) expect(unavailable).toMatchObject({ reason });
          expect(said('store.available')).toHaveLength(1);
          const warnings = said().filter(({ level }) => level === 'warn' || level === 'error');
          if (warnings.length > WARNINGS_MAX)
            throw new Error(
              `${server.id} warned ${warnings.length} times: ${warnings.map((line) => JSON.stringify(line).slice(0, 300)).join('\n')}`,
            );
        }),
      );
    },
    60_000,
  );
});

/** Returns the log lines of a server, from line `from` on. `event`: returns only lines with this event. */
function saidOf(server: FleetServer, from: number, event?: string): Record<string, unknown>[] {
  const lines = server
    .log()
    .slice(from)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return event === undefined ? lines : lines.filter((line) => line.event === event);
}

/** Returns the code of the goodbye that a new guest receives. */
async function codeOfHello(gateway: FleetServer, name: string): Promise<string> {
  const player = await RawPlayer.connect(gateway, 'tcp');
  player.say({ kind: 'hello', protocol: 1, name });
  const { code } = await player.hears('goodbye');
  player.close();
  return code;
}
