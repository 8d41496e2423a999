import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { generate } from 'selfsigned';
import { freePort } from '../process/free-port.mjs';
import { findRedis } from './find-redis.mjs';
import { pingRedis } from './ping-redis.mjs';
import { type RunningRedis, startRedis } from './start-redis.mjs';

let dir: string;
const running: RunningRedis[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'holdfast-redis-'));
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((redis) => redis.stop()));
  await rm(dir, { recursive: true, force: true });
});

async function start(options: Partial<Parameters<typeof startRedis>[0]> = {}): Promise<RunningRedis> {
  const redis = await startRedis({ dir, ...options });
  running.push(redis);
  return redis;
}

async function ask<T>({ url }: { url: string }, question: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url);
  try {
    return await question(client);
  } finally {
    client.disconnect();
  }
}

describe('findRedis', () => {
  it('prefers REDIS_URL to any other Redis', async () => {
    expect(await findRedis({ env: { REDIS_URL: 'redis://elsewhere:6379' } })).toEqual({ url: 'redis://elsewhere:6379' });
  });
});

describe('startRedis', () => {
  it('starts a private Redis that keeps all keys, on a port below the ephemeral ports', async () => {
    const redis = await start();
    expect(redis.port).toBeLessThan(32_768);
    expect(await ask(redis, (client) => client.config('GET', 'maxmemory-policy'))).toEqual(['maxmemory-policy', 'noeviction']);
    expect(await ask(redis, (client) => client.config('GET', 'bind'))).toEqual(['bind', '127.0.0.1']);
    expect(await ask(redis, (client) => client.info('server'))).toContain(`process_id:${redis.pid}`);
  });

  it('starts a Redis with `appendonly` that keeps all writes after a kill', async () => {
    const first = await start({ appendonly: true });
    await ask(first, (client) => client.set('kept', 'yes'));
    process.kill(first.pid, 'SIGKILL');
    await new Promise((resolve) => first.process.once('exit', resolve));
    const second = await start({ appendonly: true, port: first.port });
    expect(await ask(second, (client) => client.get('kept'))).toBe('yes');
  });

  it('starts replicas and sentinels with the given configuration', async () => {
    const primary = await start({ dir: join(dir, 'primary') });
    const [replica, sentinel] = await Promise.all([
      start({ dir: join(dir, 'replica'), config: { replicaof: `127.0.0.1 ${primary.port}` } }),
      start({ dir: join(dir, 'sentinel'), sentinel: true, config: { 'sentinel monitor': `holdfast 127.0.0.1 ${primary.port} 1` } }),
    ]);
    expect(await ask(replica, (client) => client.info('replication'))).toContain('role:slave');
    const address = await ask(sentinel, (client) => client.call('SENTINEL', 'get-master-addr-by-name', 'holdfast'));
    expect(address).toEqual(['127.0.0.1', String(primary.port)]);
  });

  it('rejects with the output of Redis when Redis cannot start', async () => {
    const first = await start();
    await expect(start({ port: first.port, dir: join(dir, 'other') })).rejects.toThrow(/did not start.*Address already in use/s);
    await expect(start({ config: { 'no-such-setting': 1 } })).rejects.toThrow(/no-such-setting/);
  });

  it('starts a Redis that `stop` ends even when the Redis is suspended', async () => {
    const redis = await start();
    process.kill(redis.pid, 'SIGSTOP');
    await redis.stop();
    expect(redis.process.signalCode ?? redis.process.exitCode).not.toBeNull();
  });
});

describe('pingRedis', () => {
  it('accepts a Redis that answers at any of the given addresses', async () => {
    const redis = await start();
    expect(await pingRedis(redis.url)).toBeNull();
    expect(await pingRedis(`redis://127.0.0.1:${await freePort()},${redis.url}`)).toBeNull();
  });

  it('returns the refusal of Redis when the URL lacks the required password', async () => {
    const redis = await start({ config: { requirepass: 'word' } });
    expect(await pingRedis(`redis://:word@127.0.0.1:${redis.port}`)).toBeNull();
    expect(await pingRedis(redis.url)).toContain('NOAUTH');
  });

  it('accepts a URL without a password when other settings contain the password', async () => {
    const redis = await start({ config: { requirepass: 'word' } });
    for (const env of [{ REDIS_PASSWORD: 'word' }, { REDIS_PASSWORD_FILE: '/run/secrets/redis' }])
      expect(await pingRedis(redis.url, env)).toBeNull();
    const sentinel = `sentinel://holdfast:word@127.0.0.1:${redis.port}/main`;
    expect(await pingRedis(sentinel, {})).toContain('NOAUTH');
    expect(await pingRedis(sentinel, { REDIS_SENTINEL_PASSWORD: 'word' })).toBeNull();
  });

  it('accepts a Redis whose TLS certificate is not trusted', async () => {
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'redis' }], { keyType: 'ec', algorithm: 'sha256' });
    const tls = { ca: join(dir, 'redis.crt'), cert: join(dir, 'redis.crt'), key: join(dir, 'redis.key') };
    await Promise.all([writeFile(tls.cert, cert), writeFile(tls.key, key)]);
    const redis = await start({ tls, password: 'word' });
    expect(await pingRedis(`rediss://:word@127.0.0.1:${redis.port}`, {})).toBeNull();
    for (const REDIS_TLS of ['true', '1']) expect(await pingRedis(`redis://:word@127.0.0.1:${redis.port}`, { REDIS_TLS })).toBeNull();
  });

  it('returns the reason when no Redis answers', async () => {
    expect(await pingRedis(`redis://127.0.0.1:${await freePort()}`)).toContain('ECONNREFUSED');
    expect(await pingRedis('http://127.0.0.1')).toContain('is not a Redis URL');
  });
});
