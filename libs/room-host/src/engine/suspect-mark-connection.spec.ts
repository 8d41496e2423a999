import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RoomId } from '#libs/protocol';
import { watchdogConnection } from '#libs/redis';
import { FleetRedis, until } from '../../../../tools/testing/index.js';
import { SuspectMarkConnection } from './suspect-mark-connection.js';

const NAME = watchdogConnection('hf:game:1');
const PLACE = { room: 'room-1' as RoomId, effect: 'pay' };
const INPUT = { handler: 'effect pay', seat: -1, seq: 0, effect: 'pay' };

describe("the connection of the watchdog's thread", () => {
  let home: string;
  let old: FleetRedis;
  let next: FleetRedis;
  let file: string;
  let marks: SuspectMarkConnection;
  const failures: unknown[] = [];
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'holdfast-marks-'));
    const start = (name: string) => FleetRedis.start(join(home, name), { config: { 'repl-diskless-sync-delay': 0 } });
    [old, next] = await Promise.all([start('old'), start('new')]);
    file = join(home, 'redis-url');
    await writeFile(file, old.url);
    marks = new SuspectMarkConnection({ url: old.url, urlFile: file, name: NAME }, (error) => failures.push(error));
    marks.open();
  });
  afterEach(async () => {
    marks.close();
    await Promise.all([old.stop(), next.stop()]);
    await rm(home, { recursive: true, force: true });
  });
  const isAt = async ({ client }: FleetRedis): Promise<boolean> => String(await client.client('LIST')).includes(` name=${NAME} `);
  const mark = (): Promise<boolean> => marks.use((stored) => stored.mark(PLACE, INPUT));

  it('follows `REDIS_URL_FILE` to another Redis, and writes marks before and after the move', async () => {
    await until(() => isAt(old));
    await next.client.call('REPLICAOF', '127.0.0.1', String(old.port));
    await until(async () => /master_link_status:up/.test(await next.client.info('replication')));
    await writeFile(file, next.url);
    await until(() => isAt(next));
    expect(await mark()).toBe(true);

    await old.client.call('FAILOVER', 'TO', '127.0.0.1', String(next.port), 'TIMEOUT', '5000');
    await until(async () => !(await isAt(old)));
    await next.client.flushall();
    expect(await mark()).toBe(true);
    expect(await next.client.keys('*')).toEqual([expect.stringContaining('room-1')]);
    await old.client.shutdown('NOSAVE').catch(() => {});
    expect(await marks.use((stored) => stored.clear(PLACE, INPUT))).toBe(true);
    expect([await next.client.keys('*'), failures]).toEqual([[], []]);
  });
});
