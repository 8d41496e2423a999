import { spawn } from 'node:child_process';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { ROOT } from '../tools/process/paths.mjs';
import { FleetRedis } from '../tools/testing/fleet-redis.js';
import { type Fleet, LedgerGame, startFleet, until } from './harness/index.js';
import { commandsOf } from './harness/page-commands.js';

/** The longest time for which players may wait for an answer during a move, in ms. It allows for a busy machine. */
const WAIT_MS = 5_000;

describe('a fleet that moves to another Redis during its games', () => {
  let fleet: Fleet;
  let next: FleetRedis;
  let file: string;
  const replace = async (url: string): Promise<void> => {
    await writeFile(`${file}.new`, `${url}\n`);
    await rename(`${file}.new`, file);
  };
  beforeAll(async () => {
    fleet = await startFleet({
      gateways: 2,
      games: 2,
      testGames: { turnMs: 60_000 },
      store: async (folder) => {
        const old = await FleetRedis.start(join(folder, 'old'), { appendonly: true });
        next = await FleetRedis.start(join(folder, 'new'), { appendonly: true });
        file = join(folder, 'redis-url');
        await replace(old.url);
        // An empty REDIS_URL counts as not set.
        const env = { REDIS_URL: '', REDIS_URL_FILE: file };
        return { url: old.url, env, client: old.client, stop: async () => void (await Promise.all([old.stop(), next.stop()])) };
      },
    });
  }, 60_000);
  afterAll(() => fleet.stop());

  it('loses no command, moves all servers, and leaves the old Redis read-only', async () => {
    const old = fleet.store.client as Redis;
    const games = await LedgerGame.many(fleet, 4);
    await Promise.all(games.map((game) => game.goesOn()));
    const moving = moveStore(fleet.store.url, next.url);

    // The new Redis has the data, but the file still has the old address. So all servers must still use the old Redis.
    await until(async () => /role:slave/.test(await next.client.info('replication')), 15_000);
    await Promise.all(games.map((game) => game.goesOn(2)));
    for (const server of fleet.servers) expect(server.logged('store.moved')).toEqual([]);
    await replace(next.url);

    const before = games.map(({ count }) => count);
    const { code, output } = await moving;
    expect([code, output]).toEqual([0, expect.stringContaining('No server is connected to the old Redis any more.')]);
    await until(() => games.every(({ count }, index) => count > before[index] + 5), WAIT_MS);
    for (const server of fleet.servers) await until(() => server.logged('store.moved').length === 1, WAIT_MS);
    await expect(old.set('late', '1')).rejects.toThrow(/READONLY/);
    const namesAt = async (client: Redis) => [...String(await client.client('LIST')).matchAll(/ name=(\S+) /g)].map(([, name]) => name);
    expect(await namesAt(old)).toEqual([]);
    expect(await namesAt(next.client)).toEqual(expect.arrayContaining(fleet.games.map(({ id }) => `${id}/watchdog`)));

    await old.shutdown('NOSAVE').catch(() => {});
    await Promise.all(games.map((game) => game.goesOn()));
    for (const server of fleet.servers) expect([...server.logged('server.condemned'), ...server.logged('server.evicted')]).toEqual([]);
    await fleet.restart(fleet.games[0]);
    await Promise.all(games.map((game) => game.goesOn()));
    await Promise.all(games.map((game) => game.settled()));
  }, 120_000);
});

/** Runs the command of `docs/operations.md` that moves a fleet. Resolves with its exit code and its output. */
function moveStore(from: string, to: string): Promise<{ readonly code: number | null; readonly output: string }> {
  const { text = '' } = commandsOf('docs/operations.md').find((command) => command.text.includes('move-store')) ?? {};
  const child = spawn('sh', ['-uc', text], { cwd: ROOT, env: { ...process.env, OLD_REDIS: from, NEW_REDIS: to } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })));
}
