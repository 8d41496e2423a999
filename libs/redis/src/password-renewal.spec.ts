import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { until } from '../../../tools/process/until.mjs';
import { startRedis } from '../../../tools/redis/index.mjs';
import { type PasswordChange, PasswordRenewal } from './password-renewal.js';
import { RedisConnections } from './redis-connections.js';

const ADMIN = 'of-the-test';
let dir: string;
let file: string;
let running: Awaited<ReturnType<typeof startRedis>>;
let operator: Redis;
let redis: RedisConnections;
let renewal: PasswordRenewal;
let reports: PasswordChange[];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'holdfast-password-'));
  file = join(dir, 'password');
  await writeFile(file, 'one');
  running = await startRedis({ dir, password: ADMIN, config: { user: 'holdfast on >one ~* &* +@all' } });
  operator = new Redis(running.url);
  const { port } = running;
  redis = new RedisConnections({ url: `redis://127.0.0.1:${port}`, login: { user: 'holdfast', passwordFile: file } });
  await redis.ready();
  renewal = new PasswordRenewal(redis);
  renewal.onApplicationBootstrap();
  reports = [];
  renewal.onChange((change) => reports.push(change));
});
afterEach(async () => {
  redis.onApplicationShutdown();
  operator.disconnect();
  await running.stop();
  await rm(dir, { recursive: true, force: true });
});

/** Closes all connections of the user, as a failover would. */
const cutOff = async (): Promise<void> => void (await operator.client('KILL', 'USER', 'holdfast'));
const reconnected = (): Promise<unknown> =>
  until(async () => redis.isReady && (await redis.commands.set('key', '1').catch(() => null)) === 'OK');

describe('a server whose password file changes', () => {
  it('reports a changed password once when Redis accepts the password', async () => {
    await renewal.read();
    expect(reports).toEqual([]);
    await operator.acl('SETUSER', 'holdfast', '>two');
    await writeFile(file, 'two\n');
    await renewal.read();
    await renewal.read();
    expect(reports).toEqual([{ isAccepted: true }]);
    await operator.acl('SETUSER', 'holdfast', '<one');
    await cutOff();
    await reconnected();
    expect(await operator.client('LIST')).toContain('user=holdfast');
  });

  it('keeps its connections when Redis refuses the new password', async () => {
    await writeFile(file, 'two');
    await renewal.read();
    await renewal.read();
    expect(reports).toEqual([{ isAccepted: false, message: expect.stringMatching(/^WRONGPASS/) }]);
    expect(await redis.commands.set('key', '1')).toBe('OK');
    await cutOff();
    await until(() => redis.why?.startsWith('WRONGPASS'));
    expect(redis.isReady).toBe(false);
    await operator.acl('SETUSER', 'holdfast', '>two');
    await reconnected();
    await renewal.read();
    expect(reports.slice(1)).toEqual([{ isAccepted: true }]);
  });
});
