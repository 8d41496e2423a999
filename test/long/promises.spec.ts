import { cp, rm } from 'node:fs/promises';
import { redisName } from '#libs/redis';
import { until } from '../../tools/process/until.mjs';
import { type Fleet, type FleetOptions, type FleetServer, LedgerGame, SentinelStore, startFleet } from '../harness/index.js';
import { EVENTS, PROMISES, type PromisedEvent, type PromisedRedis } from '../harness/promises.js';

const GAMES = 3;
/** Maximum age of writes that are lost when the machine of Redis fails, in ms (`appendfsync everysec`). */
const UNSYNCED_MS = 1_000;

let fleet: Fleet;
let games: LedgerGame[];

interface Check {
  /**
   * The processes that die, or the machine that fails, in this test, as a part of the test name. Undefined: only this test checks the
   * promise in its cell of the README's table.
   */
  readonly of?: string;
  run(): Promise<void>;
}

const REDIS: Readonly<Record<PromisedRedis, () => FleetOptions>> = {
  'no persistence': () => ({ redis: { appendonly: false, config: { appendfsync: 'no' } } }),
  'AOF `everysec` (a private Redis of `npm start`)': () => ({ redis: { appendonly: true, config: { appendfsync: 'everysec' } } }),
  'AOF `always`': () => ({ redis: { appendonly: true, config: { appendfsync: 'always' } } }),
  'replicas, `DURABILITY_REPLICAS=1`': () => ({ env: { DURABILITY_REPLICAS: '1' }, store: (home) => SentinelStore.start(home) }),
};

/** The tests of the column about dying servers. The promise in this column is the same in all rows, so all rows share these tests. */
const SERVERS_DIE: readonly Check[] = [
  {
    of: 'all game servers',
    run: async () => {
      await killedAndStarted(fleet.games);
      await nothingIsLost();
    },
  },
  {
    of: 'all servers',
    run: async () => {
      await killedAndStarted(fleet.servers);
      await nothingIsLost();
    },
  },
];

const CHECKS: Readonly<Record<PromisedRedis, Readonly<Record<PromisedEvent, readonly Check[]>>>> = {
  'no persistence': {
    'any number of our servers die': SERVERS_DIE,
    'Redis dies, our servers live': [{ run: redisDiesAlone }],
    'both at once': [{ run: allIsLost }],
  },
  'AOF `everysec` (a private Redis of `npm start`)': {
    'any number of our servers die': SERVERS_DIE,
    'Redis dies, our servers live': [
      { of: 'the process of Redis', run: redisDiesAlone },
      {
        of: 'the host of Redis',
        run: async () => {
          const host = await hostOfRedis();
          await Promise.all(games.map((game) => game.goesOn(20)));
          await host.dies();
          await nothingIsLost();
        },
      },
    ],
    'both at once': [
      { of: 'the process of Redis', run: bothDie },
      { of: 'the host of Redis', run: upToASecondIsLost },
    ],
  },
  'AOF `always`': {
    'any number of our servers die': SERVERS_DIE,
    'Redis dies, our servers live': [{ run: redisDiesAlone }],
    'both at once': [{ run: bothDie }],
  },
  'replicas, `DURABILITY_REPLICAS=1`': {
    'any number of our servers die': SERVERS_DIE,
    'Redis dies, our servers live': [
      {
        of: 'the primary',
        run: async () => {
          await (fleet.store as SentinelStore).killPrimary();
          await (fleet.store as SentinelStore).failedOver();
          await nothingIsLost();
        },
      },
    ],
    'both at once': [
      {
        of: 'the primary',
        run: async () => {
          const servers = fleet.games.slice();
          await Promise.all([(fleet.store as SentinelStore).killPrimary(), killed(servers)]);
          await (fleet.store as SentinelStore).failedOver();
          await started(servers);
          await nothingIsLost();
        },
      },
    ],
  },
};

describe.each(Object.keys(PROMISES) as PromisedRedis[])('a Redis with %s', (redis) => {
  beforeEach(async () => {
    fleet = await startFleet({ gateways: 1, lobbies: 1, games: 2, testGames: { turnMs: 60_000 }, ...REDIS[redis]() });
    games = await LedgerGame.many(fleet, GAMES);
    await Promise.all(games.map((game) => game.goesOn()));
  }, 60_000);
  afterEach(() => fleet.stop());

  const cells = EVENTS.flatMap((event) =>
    CHECKS[redis][event].map(({ of, run }): [string, () => Promise<void>] => [
      `${event}${of === undefined ? '' : ` (${of})`}: ${PROMISES[redis][event]}`,
      run,
    ]),
  );
  it.each(cells)('behaves as the README promises: %s', (_cell, run) => run(), 90_000);
});

/** Checks that every acknowledged command is in its game exactly once, and that the games continue. */
async function nothingIsLost(): Promise<void> {
  await Promise.all(games.map((game) => game.goesOn(5, 30_000)));
  await Promise.all(games.map((game) => game.settled()));
  await Promise.all(games.map((game) => game.leave()));
}

async function redisDiesAlone(): Promise<void> {
  await fleet.redis.restart();
  await nothingIsLost();
}

async function bothDie(): Promise<void> {
  const servers = fleet.servers.slice();
  await Promise.all([fleet.redis.kill(), killed(servers)]);
  await fleet.redis.startAgain();
  await started(servers);
  await nothingIsLost();
}

async function allIsLost(): Promise<void> {
  const servers = fleet.games.slice();
  await Promise.all([fleet.redis.kill(), killed(servers)]);
  await fleet.redis.startAgain();
  // The gateway lives, so it has perhaps already restored the records of the rooms. But it has no game states that it could restore.
  expect(await fleet.redis.client.keys(redisName('room:*:log'))).toEqual([]);
  await started(servers);
  // The players are notified that their games have ended, and may start new ones.
  for (const { rooms } of games)
    for (const room of rooms) await room.waitFor(({ view }) => view.status === 'waiting', { timeoutMs: 15_000 });
  for (const { rooms } of games) expect(rooms.map(({ result }) => result)).toEqual([{ reason: 'abandoned' }, { reason: 'abandoned' }]);
  await Promise.all(games.map((game) => game.stop()));
}

/**
 * Simulates the failure of the machine of Redis, and kills all game servers. Then checks that each game still has all commands that were
 * acknowledged at least a second before the failure.
 */
async function upToASecondIsLost(): Promise<void> {
  const rewinds = games.map(({ rooms }) => rooms.map((room) => rewindsOf(room)));
  // A copy of the acknowledged commands. The failure happens a second later, so each of these commands must survive it.
  const kept = games.map(({ acknowledged }) => acknowledged.map((ids) => ids.slice()));
  const host = await hostOfRedis();
  await new Promise((resolve) => setTimeout(resolve, UNSYNCED_MS));
  const servers = fleet.games.slice();
  await Promise.all([host.dies(), killed(servers)]);
  await started(servers);
  for (const { rooms } of games) for (const room of rooms) await room.waitFor(({ status }) => status === 'playing', { timeoutMs: 30_000 });
  const again = games.map(({ acknowledged }) => acknowledged.map(({ length }) => length));
  await Promise.all(games.map((game) => game.goesOn(5, 30_000)));
  for (const [index, game] of games.entries()) {
    await game.stop();
    for (const room of game.rooms) {
      for (const seat of [0, 1]) {
        const since = game.acknowledged[seat].slice(again[index][seat]);
        await room.waitFor(({ state }) => since.every((id) => state?.applied[seat].includes(id)), { timeoutMs: 10_000 });
        const applied = room.state?.applied[seat] ?? [];
        expect(applied.slice(0, kept[index][seat].length)).toEqual(kept[index][seat]);
        expect(new Set(applied).size).toBe(applied.length);
      }
    }
    for (const told of rewinds[index]) expect(told).toHaveLength(1);
    await game.leave();
  }
}

function rewindsOf(room: LedgerGame['rooms'][number]): unknown[] {
  const told: unknown[] = [];
  room.on('rewound', (rewind) => told.push(rewind));
  return told;
}

/**
 * Simulates the machine of a Redis with `appendfsync everysec`. A call of `dies` makes Redis lose all writes since the call of
 * `hostOfRedis`.
 */
async function hostOfRedis(): Promise<{ dies(): Promise<void> }> {
  const written = `${fleet.redis.dir}/appendonlydir`;
  // Redis can delay writes to its file for up to two seconds, while it synchronizes the file. So this function waits until all changes are
  // in the file.
  await until(async () => (await fleet.redis.client.info('persistence')).includes('aof_buffer_length:0'));
  const synced = `${written}-synced`;
  await rm(synced, { recursive: true, force: true });
  await cp(written, synced, { recursive: true });
  return {
    dies: async () => {
      await fleet.redis.kill();
      await rm(written, { recursive: true });
      await cp(synced, written, { recursive: true });
      await fleet.redis.startAgain();
    },
  };
}

async function killedAndStarted(servers: readonly FleetServer[]): Promise<void> {
  const all = servers.slice();
  await killed(all);
  await started(all);
}

async function killed(servers: readonly FleetServer[]): Promise<void> {
  for (const server of servers) server.kill();
  await Promise.all(servers.map(({ exited }) => exited));
}

async function started(servers: readonly FleetServer[]): Promise<void> {
  await Promise.all(servers.map((server) => fleet.restart(server)));
}
