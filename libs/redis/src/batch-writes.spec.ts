import { existsSync, readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { until } from '../../../tools/process/until.mjs';
import { RedisConnections } from './redis-connections.js';

/** In `/proc/self/io`, Linux counts all write calls of this process, including writes to sockets. */
const IO = '/proc/self/io';
const writes = (): number => Number(/syscw: (\d+)/.exec(readFileSync(IO, 'utf8'))?.[1]);

describe('the Redis commands of one event-loop tick', () => {
  let redis: RedisConnections;
  let client: Redis;
  beforeEach(async () => {
    redis = new RedisConnections({ url: process.env.HOLDFAST_TEST_REDIS_URL as string });
    await redis.ready();
    client = redis.commands as Redis;
  });
  afterEach(() => redis.onApplicationShutdown());

  it('are executed in the order of the calls, whether they contain texts or bytes', async () => {
    const key = `batch-writes:${process.pid}`;
    const pushed = Array.from({ length: 200 }, (_, index) => (index % 7 === 3 ? Buffer.from([index, 0, 0xff]) : `${index}: größer`));
    await Promise.all(pushed.map((item) => client.rpush(key, item)));
    expect(await client.lrangeBuffer(key, 0, -1)).toEqual(pushed.map((item) => Buffer.from(item)));
    await client.del(key);
  });

  const counted = existsSync(IO) ? it : it.skip;
  counted('are sent with few system calls', async () => {
    await client.echo('begin');
    const before = writes();
    const answers = Promise.all(Array.from({ length: 100 }, (_, index) => client.echo(`${index}`)));
    await new Promise((resolve) => setImmediate(resolve));
    expect(writes() - before).toBeLessThan(20);
    await answers;
  });

  it('are sent before a QUIT that the client calls later in the same tick', async () => {
    const answers = [client.echo('one'), client.echo(Buffer.from('two') as unknown as string), client.quit()];
    expect(await Promise.all(answers)).toEqual(['one', 'two', 'OK']);
  });

  it('are sent even when the client closes the connection later in the tick', async () => {
    const key = `batch-writes:ended:${process.pid}`;
    const other = redis.appends;
    void client.rpush(key, 'one').catch(() => {});
    client.disconnect();
    await until(async () => (await other.llen(key)) === 1);
    await other.del(key);
  });

  it('are rejected when the connection breaks before they are sent', async () => {
    const cut = [client.echo('one'), client.echo('two')];
    client.stream.destroy();
    const results = await Promise.allSettled(cut);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await redis.ready();
    expect(await client.echo('three')).toBe('three');
  });
});
