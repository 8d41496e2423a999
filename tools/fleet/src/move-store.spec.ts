import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { FleetRedis, until } from '../../testing/index.js';
import { type MoveResult, moveStore } from './move-store.js';

const SERVER = 'hf:game:1';

let home: string;
let started: FleetRedis[];
let clients: Redis[];
let old: FleetRedis;
let next: FleetRedis;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'holdfast-move-'));
  [started, clients] = [[], []];
  [old, next] = await Promise.all([startRedis('old'), startRedis('new')]);
  await old.client.set('room', 'played');
});
afterEach(async () => {
  for (const client of clients) client.disconnect();
  await Promise.all(started.map((redis) => redis.stop()));
  await rm(home, { recursive: true, force: true });
});

async function startRedis(name: string): Promise<FleetRedis> {
  // With this setting, a new replica gets the data at once. With the default, it would wait for 5 s.
  const redis = await FleetRedis.start(join(home, name), { config: { 'repl-diskless-sync-delay': 0 } });
  started.push(redis);
  return redis;
}

function move(waitMs = 10_000): Promise<MoveResult> {
  return moveStore({ from: old.url, to: next.url, prefix: 'hf', waitMs, say: () => {} });
}

/** Opens a connection with a name, as a server does. */
async function connected(to: FleetRedis, name: string): Promise<Redis> {
  const client = new Redis(to.url, { connectionName: name });
  clients.push(client);
  await client.ping();
  return client;
}

async function replicate(replica: FleetRedis, primary: FleetRedis): Promise<void> {
  await replica.client.call('REPLICAOF', '127.0.0.1', String(primary.port));
  await until(async () => /master_link_status:up/.test(await replica.client.info('replication')));
}

async function roleOf(redis: FleetRedis): Promise<string> {
  return /role:(\w+)/.exec(await redis.client.info('replication'))![1]!;
}

describe('move-store', () => {
  it('makes the new Redis the primary, and a repeated call only waits for the servers', async () => {
    expect(await move()).toEqual({ servers: 0, switchMs: expect.any(Number) });
    expect([await roleOf(old), await roleOf(next), await next.client.get('room')]).toEqual(['slave', 'master', 'played']);
    await next.client.sadd('hf:servers', SERVER);
    await next.client.hset(SERVER, 'state', 'ready');
    const late = await connected(old, SERVER);
    await expect(move(200)).rejects.toThrow(`These connections to the old Redis are still open: ${SERVER}.`);
    late.disconnect();
    expect(await move()).toEqual({ servers: 1, switchMs: 0 });
  });

  it.each(['redis://me:hunter2/x@a', 'redis://me:hunter2@a,b', 'sentinel://me:hunter2@a:1/main'])(
    'refuses the address %s without showing its password',
    async (from) => {
      const moving = moveStore({ from, to: next.url, prefix: 'hf', waitMs: 1_000, say: () => {} });
      await expect(moving).rejects.toThrow(/^--from is "\w+:\/\/\*{3}@a.*": it must be redis:\/\/HOST:PORT or rediss:\/\/HOST:PORT\.$/);
    },
  );

  it('refuses an old Redis that has a replica other than the new Redis, and changes nothing', async () => {
    const other = await startRedis('other');
    await replicate(other, old);
    await expect(move()).rejects.toThrow(`The old Redis has other replicas than the new one: 127.0.0.1:${other.port}.`);
    expect([await roleOf(old), await roleOf(next), await roleOf(other)]).toEqual(['master', 'master', 'slave']);
  });

  it('refuses an old Redis with another replica even when that replica announces the port of the new Redis', async () => {
    const other = await startRedis('other');
    await other.client.config('SET', 'replica-announce-port', String(next.port));
    await replicate(other, old);
    await expect(move()).rejects.toThrow(`The old Redis has other replicas than the new one: 127.0.0.1:${next.port}.`);
  });

  it('accepts a new Redis that is already a replica of the old Redis, and keeps the replicas of the new Redis', async () => {
    const other = await startRedis('other');
    await replicate(next, old);
    await replicate(other, next);
    await move();
    await next.client.set('after', '1');
    await until(async () => (await other.client.get('after')) === '1');
    expect(await roleOf(other)).toBe('slave');
  });

  it('refuses a new Redis that has data in any database', async () => {
    await next.client.call('SELECT', '3');
    await next.client.set('precious', '1');
    await expect(move()).rejects.toThrow('has data, which would be deleted: use an empty one.');
    expect(await next.client.get('precious')).toBe('1');
  });

  it('refuses a new Redis that is a replica of a third Redis', async () => {
    const other = await startRedis('other');
    await other.client.set('precious', '1');
    await replicate(next, other);
    await expect(move()).rejects.toThrow('is a replica of another Redis than --from: use an empty one.');
    expect(await next.client.get('precious')).toBe('1');
  });

  it('waits until the watchdog of each server is also connected to the new Redis', async () => {
    await old.client.sadd('hf:servers', SERVER);
    await old.client.hset(SERVER, 'state', 'ready');
    for (const redis of [old, next]) await connected(redis, SERVER);
    await connected(old, `${SERVER}/watchdog`);
    await expect(move(3_000)).rejects.toThrow(`These servers are not connected to the new Redis: ${SERVER}/watchdog.`);
    expect(await roleOf(old)).toBe('master');
  });

  it('continues when its connections break while it waits for the servers', async () => {
    await old.client.sadd('hf:servers', SERVER);
    await old.client.hset(SERVER, 'state', 'ready');
    let isOver = false;
    const moving = move().finally(() => (isOver = true));
    moving.catch(() => {});
    await until(async () => /master_link_status:up/.test(await next.client.info('replication')));
    for (let times = 0; times < 3; times++) {
      for (const { client } of [old, next]) {
        await until(async () => isOver || (await killedByName(client, 'move-store')));
      }
    }
    await connected(next, SERVER);
    expect((await moving).servers).toBe(1);
  });

  it('makes the old Redis accept writes again when the old Redis cannot connect to the new Redis', async () => {
    // No Redis listens at this address.
    await next.client.config('SET', 'replica-announce-ip', '127.0.0.2');
    await expect(move()).rejects.toThrow('did not take over in time. The fleet continues on the old one.');
    expect([await roleOf(old), await roleOf(next)]).toEqual(['master', 'slave']);
    expect(await old.client.set('room', 'played on')).toBe('OK');
  });

  it('aborts a switch of an interrupted call when the old Redis cannot connect to the new Redis', async () => {
    await next.client.config('SET', 'replica-announce-ip', '127.0.0.2');
    await replicate(next, old);
    await until(async () => /state=online/.test(await old.client.info('replication')));
    await old.client.call('FAILOVER', 'TO', '127.0.0.2', String(next.port), 'TIMEOUT', '5000');
    await until(async () => /master_failover_state:failover-in-progress/.test(await old.client.info('replication')));
    await expect(move()).rejects.toThrow('did not take over in time. The fleet continues on the old one.');
    expect(await old.client.set('room', 'played on')).toBe('OK');
  });
});

/** Closes the connection with this name. Returns whether there was one. */
async function killedByName(client: Redis, name: string): Promise<boolean> {
  const id = new RegExp(`^id=(\\d+) .* name=${name} `, 'm').exec(String(await client.client('LIST')))?.[1];
  return id !== undefined && (await client.call('CLIENT', 'KILL', 'ID', id)) === 1;
}
