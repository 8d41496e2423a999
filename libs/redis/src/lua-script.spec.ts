import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Redis } from 'ioredis';
import { until } from '../../../tools/process/until.mjs';
import { startRedis } from '../../../tools/redis/index.mjs';
import { LuaScript } from './lua-script.js';
import { RedisConnections } from './redis-connections.js';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-lua-'));
afterAll(() => rmSync(folder, { recursive: true }));

function lua(name: string, text: string): URL {
  const file = join(folder, `${name}.lua`);
  writeFileSync(file, text);
  return pathToFileURL(file);
}

/** This script is loaded before any client is created, like the scripts of the libraries. */
const echo = new LuaScript('test_echo', lua('echo', 'return ARGV[1]'), 1);
const shout = new LuaScript(
  'test_shout',
  [lua('shared', "local function loud(word) return word .. '!' end"), lua('shout', 'return loud(ARGV[1])')],
  1,
);

describe('a Lua script', () => {
  const redis = new RedisConnections({ url: process.env.HOLDFAST_TEST_REDIS_URL as string });
  beforeAll(() => redis.ready());
  afterAll(() => redis.onApplicationShutdown());

  it('can call the functions of the script files that precede its own file', async () => {
    expect(await shout.run(redis.commands, ['k'], ['hold'])).toBe('hold!');
  });

  it('returns bytes when the caller requests bytes', async () => {
    expect(await echo.runBinary(redis.commands, ['k'], [Buffer.from([0, 255])])).toEqual(Buffer.from([0, 255]));
  });

  it('returns correct results when `runEncoded` encodes the request', async () => {
    const client = redis.commands as Redis;
    const all = new LuaScript('test_all', lua('all', 'return {#KEYS, KEYS[2], unpack(ARGV)}'), null);
    const long = 'x'.repeat(200_000);
    const keys = ['k', '{k}:ключ'];
    const args = [0, -1.5, 1_795_382_183_123, '', 'ein Wort: Größe', Buffer.from('bytes\r\n'), long];
    const expected = [2, '{k}:ключ', '0', '-1.5', '1795382183123', '', 'ein Wort: Größe', 'bytes\r\n', long];
    expect(await all.runEncoded(client, keys, args)).toEqual(expected);
    await client.script('FLUSH');
    expect(await Promise.all([all.runEncoded(client, keys, args), all.runEncoded(client, ['k'], [])])).toEqual([expected, [1]]);
    const broken = new LuaScript('test_broken', lua('broken', "return redis.error_reply('NO such thing')"), null);
    await expect(broken.runEncoded(client, [], [])).rejects.toMatchObject({ name: 'ReplyError', message: 'NO such thing' });
  });

  it('runs in a pipeline although Redis has not loaded the script yet', async () => {
    const client = redis.open();
    await redis.ready();
    const pipeline = client.pipeline();
    echo.queue(client, pipeline, ['k'], ['a']);
    expect(await pipeline.exec()).toEqual([[null, 'a']]);
  });
});

describe('a Lua script in a Redis Cluster', () => {
  it('runs when another command was called earlier in the same event-loop tick', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'holdfast-cluster-'));
    const node = await startRedis({ dir, config: { 'cluster-enabled': 'yes', 'cluster-announce-ip': '127.0.0.1' } });
    const single = new RedisConnections({ url: node.url });
    const redis = new RedisConnections({ url: `${node.url},${node.url}` });
    try {
      await single.ready();
      await single.commands.call('CLUSTER', 'ADDSLOTSRANGE', 0, 16383);
      await until(async () => String(await single.commands.call('CLUSTER', 'INFO')).includes('cluster_state:ok'));
      await redis.ready();
      const answers = await Promise.all([
        redis.commands.get('{k}:a'),
        echo.run(redis.commands, ['{k}:b'], ['one']),
        shout.run(redis.commands, ['{k}:c'], ['two']),
      ]);
      expect(answers).toEqual([null, 'one', 'two!']);
    } finally {
      redis.onApplicationShutdown();
      single.onApplicationShutdown();
      await node.stop();
      await rm(dir, { recursive: true, force: true });
    }
  });
});
