import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../tools/process/free-port.mjs';
import { ROOT } from '../../tools/process/paths.mjs';
import { writeCertificates } from '../../tools/testing/certificates.js';
import { FleetRedis, type FleetRedisOptions } from '../../tools/testing/fleet-redis.js';
import { documentedUsers } from '../harness/documented-users.js';
import { type Fleet, LedgerGame, startFleet, until } from '../harness/index.js';
import { commandsOf } from '../harness/page-commands.js';

type TlsFiles = NonNullable<FleetRedisOptions['tls']>;

/** The longest time for which players may wait for an answer during a move, in ms. It allows for a busy machine. */
const WAIT_MS = 5_000;

/**
 * One fleet moves three times while its games continue. Each Redis has another CA, another password of the administrator, and another
 * password of the fleet, whose user has only the documented permissions.
 */
describe('a fleet that moves to another Redis with TLS while it plays', () => {
  let home: string;
  let file: string;
  let fleet: Fleet;
  let games: LedgerGame[];
  let current: FleetRedis;
  /** The certificates of each Redis. Each file with the CA contains all CAs. */
  const tls = new Map<string, TlsFiles>();
  const all: FleetRedis[] = [];

  async function startRedis(name: string, config: Record<string, string | number> = {}, hasTls = true): Promise<FleetRedis> {
    const redis = await FleetRedis.start(join(home, name), {
      appendonly: true,
      password: `of-the-operator-of-${name}`,
      // Without a delay, a replica gets its data at once instead of after 5 s.
      config: { user: (await documentedUsers(`of-the-fleet-at-${name}`)).data, 'repl-diskless-sync-delay': 0, ...config },
      ...(hasTls && { tls: tls.get(name) }),
    });
    all.push(redis);
    return redis;
  }

  /** Writes the address for the servers, with the login of the fleet. */
  async function write(url: string, name: string): Promise<void> {
    await writeFile(`${file}.new`, `${withLogin(url, `holdfast:of-the-fleet-at-${name}`)}\n`);
    await rename(`${file}.new`, file);
  }

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'holdfast-move-tls-'));
    file = join(home, 'redis-url');
    const trusted = join(home, 'all.crt');
    for (const name of ['first', 'second', 'third']) tls.set(name, await writeCertificates(join(home, `certificates-${name}`)));
    await writeFile(trusted, (await Promise.all([...tls.values()].map(({ ca }) => readFile(ca)))).join('\n'));
    for (const [name, files] of tls) tls.set(name, { ...files, ca: trusted });
    const own = tls.get('first') as TlsFiles;
    current = await startRedis('first', {}, false);
    await write(current.url, 'first');
    fleet = await startFleet({
      gateways: 2,
      games: 2,
      testGames: { turnMs: 60_000 },
      store: async () => ({
        url: current.url,
        // An empty REDIS_URL counts as not set.
        env: { REDIS_URL: '', REDIS_URL_FILE: file, REDIS_TLS_CA: trusted, REDIS_TLS_CERT: own.cert, REDIS_TLS_KEY: own.key },
        client: current.client,
        stop: async () => void (await Promise.all(all.map((redis) => redis.stop()))),
      }),
    });
    games = await LedgerGame.many(fleet, 3);
  }, 60_000);
  afterAll(async () => {
    try {
      await Promise.all(games.map((game) => game.settled()));
    } finally {
      await fleet.stop();
      await rm(home, { recursive: true, force: true });
    }
  });

  /**
   * Moves the fleet to `next`, and stops the old Redis. `from`, `to`: the addresses for the command. `servers`: the address for the
   * servers. Checks that all servers have moved, that the games continue, and that the old Redis refuses writes.
   */
  async function moves(next: FleetRedis, name: string, { from, to, servers }: Record<'from' | 'to' | 'servers', string>): Promise<void> {
    await Promise.all(games.map((game) => game.goesOn()));
    const moved = fleet.servers.map((server) => server.logged('store.moved').length);
    const moving = moveStore(from, to, tls.get(name) ?? null);
    await write(servers, name);
    const before = games.map(({ count }) => count);
    expect(await moving).toEqual([0, expect.stringContaining('No server is connected to the old Redis any more.')]);
    await until(() => games.every(({ count }, index) => count > before[index] + 5), WAIT_MS);
    for (const [index, server] of fleet.servers.entries())
      await until(() => server.logged('store.moved').length === moved[index] + 1, WAIT_MS);
    await expect(current.client.set('late', '1')).rejects.toThrow(/READONLY/);
    await current.kill();
    await Promise.all(games.map((game) => game.goesOn()));
    for (const server of fleet.servers) expect([...server.logged('server.condemned'), ...server.logged('server.evicted')]).toEqual([]);
    const connections = String(await next.client.client('LIST'));
    expect(new Set([...connections.matchAll(/ name=hf:\S+ .*? user=(\S+) /g)].map(([, user]) => user))).toEqual(new Set(['holdfast']));
    await until(async () => /connected_slaves:0/.test(await next.client.info('replication')));
    current = next;
  }

  it('moves from a Redis without TLS to one with TLS only, after the old one got a `tls-port`', async () => {
    const next = await startRedis('second', { 'tls-replication': 'no', 'tls-auth-clients': 'yes' });
    const port = String(await freePort());
    const { ca, cert, key } = tls.get('first') as TlsFiles;
    for (const [name, value] of Object.entries({ 'tls-ca-cert-file': ca, 'tls-cert-file': cert, 'tls-key-file': key, 'tls-port': port }))
      await current.client.config('SET', name, value);
    const from = current.url.replace('redis:', 'rediss:').replace(String(current.port), port);
    await moves(next, 'second', { from, to: next.url, servers: next.url });
  }, 60_000);

  it('moves between two Redis servers with TLS that have different logins', async () => {
    const next = await startRedis('third', { 'tls-replication': 'no' });
    await moves(next, 'third', { from: current.url, to: next.url, servers: next.url });
  }, 60_000);

  it('moves back to a Redis without TLS, after the old one got a port without TLS, and servers with TLS files start again', async () => {
    const next = await startRedis('fourth', {}, false);
    const port = String(await freePort());
    await current.client.config('SET', 'port', port);
    await current.client.config('SET', 'tls-replication', 'no');
    const from = current.url.replace('rediss:', 'redis:').replace(String(current.port), port);
    await moves(next, 'fourth', { from, to: next.url, servers: next.url });
    await fleet.restart(fleet.games[0]);
    await Promise.all(games.map((game) => game.goesOn()));
  }, 60_000);
});

function withLogin(url: string, login: string): string {
  return url.replace(/\/\/.*@/, `//${login}@`);
}

/**
 * Runs the command of `docs/operations.md` that moves a fleet, with or without TLS. Resolves with its exit code and its output. Its last
 * options are the certificate and the key, which the new Redis may require.
 */
function moveStore(from: string, to: string, tls: TlsFiles | null): Promise<readonly [code: number | null, output: string]> {
  const commands = commandsOf('docs/operations.md').filter(({ text }) => text.includes('move-store --'));
  const command = commands.find(({ text }) => text.includes('--tls-ca') === (tls !== null))!.text;
  const child = spawn('sh', ['-uc', tls === null ? command : `${command} --tls-cert ${tls.cert} --tls-key ${tls.key}`], {
    cwd: ROOT,
    env: { ...process.env, OLD_REDIS: from, NEW_REDIS: to, REDIS_TLS_CA: tls?.ca },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  return new Promise((resolve) => child.once('close', (code) => resolve([code, output])));
}
