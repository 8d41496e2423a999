import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../process/free-port.mjs';
import { writeCertificates } from '../../testing/certificates.js';
import { FleetRedis, type FleetRedisOptions } from '../../testing/fleet-redis.js';
import { until } from '../../testing/until.js';
import { type MoveResult, moveStore } from './move-store.js';
import type { StoreTls } from './store-client.js';

type TlsFiles = NonNullable<FleetRedisOptions['tls']>;

/** Without a delay, a replica gets its data at once instead of after 5 s. */
const AT_ONCE = { 'repl-diskless-sync-delay': 0 };
const ADMIN = { user: 'ada on >of-ada ~* &* +@all' };

let home: string;
let started: FleetRedis[];
/** Files of two CAs. Each file with the CA contains both, as the documentation tells operators. */
let old: TlsFiles;
let next: TlsFiles;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'holdfast-move-tls-'));
  started = [];
  [old, next] = await Promise.all(['old', 'new'].map((name) => writeCertificates(join(home, name))));
  const both = join(home, 'both.crt');
  await writeFile(both, (await Promise.all([old, next].map(({ ca }) => readFile(ca)))).join('\n'));
  [old, next] = [
    { ...old, ca: both },
    { ...next, ca: both },
  ];
});
afterEach(async () => {
  await Promise.all(started.map((redis) => redis.stop()));
  await rm(home, { recursive: true, force: true });
});

async function startRedis(name: string, { config = {}, ...options }: FleetRedisOptions = {}): Promise<FleetRedis> {
  const redis = await FleetRedis.start(join(home, name), { ...options, config: { ...AT_ONCE, ...config } });
  started.push(redis);
  return redis;
}

/** Starts an old Redis that has data, and a new Redis. */
async function startPair(from: FleetRedisOptions, to: FleetRedisOptions): Promise<readonly [FleetRedis, FleetRedis]> {
  const pair = await Promise.all([startRedis('redis-old', from), startRedis('redis-new', to)]);
  await pair[0].client.set('room', 'played');
  return pair;
}

function move(from: string, to: string, tls?: StoreTls, waitMs = 10_000): Promise<MoveResult> {
  return moveStore({ from, to, prefix: 'hf', waitMs, tls, say: () => {} });
}

async function roleOf(redis: FleetRedis): Promise<string> {
  return /role:(\w+)/.exec(await redis.client.info('replication'))![1]!;
}

/** Returns everything that a move changes in a Redis. */
async function stateOf(redis: FleetRedis): Promise<unknown> {
  const settings = ['tls-replication', 'masteruser', 'masterauth', 'replicaof'];
  return [await roleOf(redis), await Promise.all(settings.map((name) => redis.client.config('GET', name)))];
}

describe('move-store between two Redis servers with TLS', () => {
  it('needs only a login and client certificates: it switches the TLS of the replication on', async () => {
    const closed = { 'tls-auth-clients': 'yes', 'tls-replication': 'no' };
    const [from, to] = await startPair(
      { tls: old, config: { ...closed, ...ADMIN } },
      { tls: next, config: { ...closed, user: 'bob on >of-bob ~* &* +@all' } },
    );
    const [fromUrl, toUrl] = [from.url.replace('//', '//ada:of-ada@'), to.url.replace('//', '//bob:of-bob@')];
    await expect(move(fromUrl, toUrl, { ca: old.ca })).rejects.toThrow(
      /^Redis at rediss:.* refuses the certificate of this command, or requires one \(.*certificate required.*\)\. Set --tls-cert and --tls-key to/,
    );
    expect([await roleOf(from), await roleOf(to)]).toEqual(['master', 'master']);
    expect(await move(fromUrl, toUrl, old)).toEqual({ servers: 0, switchMs: expect.any(Number) });
    expect([await roleOf(from), await roleOf(to), await to.client.get('room')]).toEqual(['slave', 'master', 'played']);
    await expect(from.client.set('late', '1')).rejects.toThrow(/READONLY/);
    expect(await move(fromUrl, toUrl, old)).toEqual({ servers: 0, switchMs: 0 });
  });

  it('moves from a Redis without TLS that gets a `tls-port` while it runs, and back over ports without TLS', async () => {
    const [from, to] = await startPair({}, { tls: next, config: { 'tls-replication': 'no' } });
    await expect(move(from.url, to.url, next)).rejects.toThrow(
      /^Only --to has rediss:\/\/: both must have it, or neither.* Give the Redis of --from a tls-port/,
    );
    const tlsPort = String(await freePort());
    const settings = { 'tls-ca-cert-file': old.ca, 'tls-cert-file': old.cert, 'tls-key-file': old.key, 'tls-port': tlsPort };
    for (const [name, value] of Object.entries(settings)) await from.client.config('SET', name, value);
    await move(`rediss://127.0.0.1:${tlsPort}`, to.url, old);
    expect([await roleOf(from), await to.client.get('room')]).toEqual(['slave', 'played']);

    await from.kill();
    await until(async () => /connected_slaves:0/.test(await to.client.info('replication')));
    const [back, port] = [await startRedis('back'), String(await freePort())];
    await to.client.config('SET', 'port', port);
    const plain = `redis://127.0.0.1:${port}`;
    await expect(move(plain, back.url)).rejects.toThrow(/has tls-replication yes, so it would connect to .* with TLS\. Use rediss:/);
    await to.client.config('SET', 'tls-replication', 'no');
    await move(plain, back.url);
    expect([await roleOf(to), await roleOf(back), await back.client.get('room')]).toEqual(['slave', 'master', 'played']);
  });

  it('moves from a Redis without TLS over a second port of the new Redis, which has no TLS', async () => {
    const [from, to] = await startPair({}, { tls: next, config: { 'tls-replication': 'no' } });
    const port = String(await freePort());
    await to.client.config('SET', 'port', port);
    await move(from.url, `redis://127.0.0.1:${port}`);
    expect([await roleOf(from), await roleOf(to), await to.client.get('room')]).toEqual(['slave', 'master', 'played']);
    await until(async () => /master_link_status:up/.test(await from.client.info('replication')));
  });

  it.each<[string, RegExp, () => Promise<StoreTls>]>([
    [
      'the certificates come from another CA',
      /\(--\w+\) has a certificate that this command does not trust \(.*certificate.*\)\. Set --tls-ca to the CA that signed it/,
      async () => ({ ca: (await writeCertificates(join(home, 'stranger'))).ca }),
    ],
    [
      'the certificates are for another name',
      /\(--\w+\) has a certificate that this command does not trust \(Hostname\/IP does not match.*\)\..* and --tls-name when/,
      async () => ({ ca: old.ca, name: 'redis.example.org' }),
    ],
    [
      'the file of the CA is missing',
      /^--tls-ca is "\/no\/ca", which cannot be read: the file does not exist\.$/,
      async () => ({ ca: '/no/ca' }),
    ],
    [
      'a certificate has no key',
      /^--tls-key is not set: it must be the path that belongs to --tls-cert\.$/,
      async () => ({ cert: old.cert }),
    ],
  ])('changes nothing when %s', async (_, problem, tls) => {
    const [from, to] = await startPair({ tls: old }, { tls: next, password: 'word' });
    const before = await Promise.all([from, to].map(stateOf));
    await expect(move(from.url, to.url, await tls())).rejects.toThrow(problem);
    expect(await Promise.all([from, to].map(stateOf))).toEqual(before);
  });

  it('changes nothing when the replication of one of them cannot use TLS', async () => {
    const withoutCa = { 'tls-ca-cert-file': '""', 'tls-replication': 'no' };
    const [from, to] = await startPair(
      { tls: old, password: 'word', config: withoutCa },
      { tls: next, config: { 'tls-replication': 'no' } },
    );
    const before = await Promise.all([from, to].map(stateOf));
    await expect(move(from.url, to.url, old)).rejects.toThrow(
      /\(--from\) refuses CONFIG SET tls-replication yes: .* needs this setting to replicate from .*, and for it tls-cert-file, tls-key-file and tls-ca-cert-file\.$/,
    );
    expect(await Promise.all([from, to].map(stateOf))).toEqual(before);
  });

  it('says which Redis refuses CONFIG, as managed services do', async () => {
    const [from, to] = await startPair(
      { config: { user: 'ada on >of-ada ~* &* +@all -config' } },
      { config: { 'rename-command': 'CONFIG ""' } },
    );
    const url = from.url.replace('//', '//ada:of-ada@');
    await expect(move(url, to.url)).rejects.toThrow(`Redis at 127.0.0.1:${to.port} refuses CONFIG (ERR unknown command`);
    const other = await startRedis('other');
    await expect(move(url, other.url)).rejects.toThrow(`Redis at 127.0.0.1:${from.port} refuses CONFIG (NOPERM`);
    expect([await roleOf(from), await roleOf(to), await roleOf(other)]).toEqual(['master', 'master', 'master']);
  });

  it('refuses TLS options for addresses without TLS', async () => {
    const [from, to] = await startPair({}, {});
    await expect(move(from.url, to.url, { ca: old.ca })).rejects.toThrow(
      '--tls-ca is set: it must not be set unless --from and --to have rediss://.',
    );
  });

  it('names the logs and the CAs when the new Redis does not trust the old one', async () => {
    const own = (await readFile(next.ca, 'utf8')).split(/(?=-----BEGIN)/)[1]!;
    await writeFile(join(home, 'own.crt'), own);
    const [from, to] = await startPair({ tls: old }, { tls: { ...next, ca: join(home, 'own.crt') } });
    await expect(move(from.url, to.url, old, 2_000)).rejects.toThrow(
      'The new Redis could not connect to the old one; its log says why. Each of the two must have the CA of the other one in its tls-ca-cert-file. The fleet continues on the old one.',
    );
    await to.client.config('SET', 'tls-ca-cert-file', next.ca);
    await move(from.url, to.url, old);
    expect(await to.client.get('room')).toBe('played');
  });

  it('lets the old Redis take writes again when it does not trust the new one', async () => {
    const own = (await readFile(old.ca, 'utf8')).split(/(?=-----BEGIN)/)[0]!;
    await writeFile(join(home, 'own.crt'), own);
    const [from, to] = await startPair({ tls: { ...old, ca: join(home, 'own.crt') } }, { tls: next });
    await expect(move(from.url, to.url, old)).rejects.toThrow('The fleet continues on the old one.');
    expect([await roleOf(from), await from.client.set('room', 'played on')]).toEqual(['master', 'OK']);
    await from.client.config('SET', 'tls-ca-cert-file', old.ca);
    await move(from.url, to.url, old);
    expect(await to.client.get('room')).toBe('played on');
  });
});
