import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { generate } from 'selfsigned';
import { until } from '../../../tools/process/until.mjs';
import { startRedis } from '../../../tools/redis/index.mjs';
import type { RedisOptions } from './redis.options.js';
import { RedisConnections } from './redis-connections.js';

type RunningRedis = Awaited<ReturnType<typeof startRedis>>;

let dir: string;
const running: RunningRedis[] = [];
const opened: RedisConnections[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'holdfast-connect-'));
});
afterEach(async () => {
  for (const redis of opened.splice(0)) redis.onApplicationShutdown();
  await Promise.all(running.splice(0).map((redis) => redis.stop()));
  await rm(dir, { recursive: true, force: true });
});

async function start(name: string, options: Partial<Parameters<typeof startRedis>[0]> = {}): Promise<RunningRedis> {
  const redis = await startRedis({ dir: join(dir, name), ...options });
  running.push(redis);
  return redis;
}

function startSentinel(
  name: string,
  { port }: RunningRedis,
  options: Partial<Parameters<typeof startRedis>[0]> = {},
): Promise<RunningRedis> {
  return start(name, { sentinel: true, config: { 'sentinel monitor': `main 127.0.0.1 ${port} 1` }, ...options });
}

/**
 * Starts a connection, and returns the error as text, or '' after a successful start. Waits for 1 s, because most of these connections
 * never open.
 */
async function problemOf(options: RedisOptions): Promise<string> {
  const redis = new RedisConnections(options);
  opened.push(redis);
  return redis.ready(1_000).then(
    () => '',
    (error: Error) => error.message,
  );
}

async function certificate(): Promise<{ ca: string; cert: string; key: string }> {
  const pair = await generate([{ name: 'commonName', value: 'redis' }], { keyType: 'ec', algorithm: 'sha256' });
  const files = { ca: join(dir, 'redis.crt'), cert: join(dir, 'redis.crt'), key: join(dir, 'redis.key') };
  await Promise.all([writeFile(files.cert, pair.cert), writeFile(files.key, pair.private)]);
  return files;
}

describe('a server that cannot connect to Redis', () => {
  it('names the settings of the credentials that Redis refuses, but no password', async () => {
    const { port } = await start('data', { password: 'word' });
    const advice = 'refuses the login of this server';
    expect(await problemOf({ url: `redis://127.0.0.1:${port}` })).toMatch(
      new RegExp(`^Redis at redis://127.0.0.1:${port} ${advice} \\(NOAUTH.*\\)\\. Set REDIS_USER and REDIS_PASSWORD_FILE$`),
    );
    const wrong = await problemOf({ url: `redis://:hunter2@127.0.0.1:${port}` });
    expect(wrong).toContain(`${advice} (WRONGPASS`);
    expect(wrong).not.toContain('hunter2');
  });

  it('names the settings of the credentials that the sentinels refuse', async () => {
    const sentinel = await startSentinel('sentinel', await start('data'), { password: 'word' });
    expect(await problemOf({ url: `sentinel://127.0.0.1:${sentinel.port}/main` })).toMatch(
      /has sentinels that refuse this server \(.*NOAUTH.*\)\. Set REDIS_SENTINEL_USER and REDIS_SENTINEL_PASSWORD_FILE$/,
    );
  });

  it('names REDIS_TLS_CA when the certificate of Redis is not trusted', async () => {
    const tls = await certificate();
    const { port } = await start('data', { tls });
    const url = `rediss://127.0.0.1:${port}`;
    for (const options of [{ url }, { url, tls: { ca: tls.ca } }])
      expect(await problemOf(options)).toMatch(/has a certificate that this server does not trust \(.+\)\. Set REDIS_TLS_CA/);
    expect(await problemOf({ url, tls: { ca: tls.ca, name: 'redis' } })).toBe('');
  });

  it('names REDIS_TLS_CERT when Redis requires a certificate', async () => {
    const { ca, ...own } = await certificate();
    const { port } = await start('data', { tls: { ca, ...own }, config: { 'tls-auth-clients': 'yes' } });
    const options = { url: `rediss://127.0.0.1:${port}`, tls: { ca, name: 'redis' } };
    // Redis may reset the connection before the client has read the reason.
    expect(await problemOf(options)).toMatch(/(?:refuses the certificate|closes each connection).* set REDIS_TLS_CERT and REDIS_TLS_KEY/i);
    expect(await problemOf({ ...options, tls: { ...options.tls, ...own } })).toBe('');
  });
});

describe('a connection to Redis', () => {
  it('reconnects after two successive errors of its socket', async () => {
    const { url } = await start('data');
    const redis = new RedisConnections({ url });
    opened.push(redis);
    await redis.ready();
    const { stream } = redis.commands as Redis;
    // `emit('error')` throws when the stream has no listener for errors.
    for (const text of ['the first', 'the second']) stream.emit('error', new Error(text));
    stream.destroy();
    await until(async () => (await redis.commands.set('key', '1').catch(() => null)) === 'OK');
  });
});

describe('a server whose first sentinel accepts connections but never answers', () => {
  it('connects through the next sentinel', async () => {
    const data = await start('data');
    const [hanging, next] = await Promise.all(['one', 'two'].map((name) => startSentinel(name, data)));
    hanging.process.kill('SIGSTOP');
    const url = `sentinel://127.0.0.1:${hanging.port},127.0.0.1:${next.port}/main`;
    const redis = new RedisConnections({ url, commandTimeoutMs: 300 });
    opened.push(redis);
    await redis.ready();
    expect(await redis.commands.set('key', '1')).toBe('OK');
  });
});

describe('the sentinel addresses that sentinels report', () => {
  it.each([
    ['are used when data nodes and sentinels have no TLS', false, false, true],
    ['are used when both have TLS', true, true, true],
    ['are not used when only the data nodes have TLS, because a client could not connect to them', true, false, false],
    ['are not used when only the sentinels have TLS', false, true, false],
  ])('%s', (_, isOn, isTls, isUsed) => {
    const redis = new RedisConnections({ url: 'sentinel://127.0.0.1:1/main', tls: { isOn }, sentinel: { isTls } });
    opened.push(redis);
    for (const client of [redis.commands, redis.appends]) expect((client as Redis).options.updateSentinels).toBe(isUsed);
  });
});
