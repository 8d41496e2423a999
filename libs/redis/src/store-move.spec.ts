import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FleetRedis, until } from '../../../tools/testing/index.js';
import { RedisConnections } from './redis-connections.js';
import { OLD_GONE } from './replication.js';
import { StoreMove, type StoreMoveChange, URL_FILE_READ_MS } from './store-move.js';

describe('a server whose old Redis does not answer during a move', () => {
  let home: string;
  let old: FleetRedis;
  let next: FleetRedis;
  let redis: RedisConnections;
  let move: StoreMove;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'holdfast-move-'));
    const start = (name: string) => FleetRedis.start(join(home, name), { config: { 'repl-diskless-sync-delay': 0 } });
    [old, next] = await Promise.all([start('old'), start('new')]);
    const urlFile = join(home, 'redis-url');
    await writeFile(urlFile, old.url);
    redis = new RedisConnections({ url: old.url, urlFile });
    move = new StoreMove(redis);
    await redis.ready();
    await next.client.call('REPLICAOF', '127.0.0.1', String(old.port));
    await until(async () => /master_link_status:up/.test(await next.client.info('replication')));
    await writeFile(urlFile, next.url);
    await move.check();
    await next.client.call('REPLICAOF', 'NO', 'ONE');
  });
  afterEach(async () => {
    move.onApplicationShutdown();
    redis.onApplicationShutdown();
    await Promise.all([old.stop(), next.stop()]);
    await rm(home, { recursive: true, force: true });
  });

  it('moves to the promoted Redis only when the old Redis has been silent for several seconds', async () => {
    const changes: StoreMoveChange[] = [];
    move.onChange((change) => changes.push(change));
    await old.kill();
    await until(() => redis.commands.status !== 'ready');
    const diedAt = performance.now();
    await move.check();
    expect(changes).toEqual([{ kind: 'waiting', url: next.url, reason: 'old-silent' }]);
    const timer = setInterval(() => void move.check(), URL_FILE_READ_MS);
    await until(() => changes.length > 1).finally(() => clearInterval(timer));
    expect(changes[1]).toEqual({ kind: 'moved', url: next.url });
    expect(performance.now() - diedAt).toBeGreaterThanOrEqual(OLD_GONE.ms - 1);
  });

  it('stays at the old Redis when the old Redis answers again as a primary', async () => {
    const changes: StoreMoveChange[] = [];
    move.onChange((change) => changes.push(change));
    await old.kill();
    await until(() => redis.commands.status !== 'ready');
    await move.check();
    await old.startAgain();
    await redis.ready();
    await move.check();
    expect(changes.map((change) => change.kind === 'waiting' && change.reason)).toEqual(['old-silent', 'old-primary']);
    expect(redis.access.url).toBe(old.url);
  });
});
