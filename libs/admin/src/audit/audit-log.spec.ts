import { randomUUID } from 'node:crypto';
import { Test, type TestingModule } from '@nestjs/testing';
import { FleetModule, Self, ServerRegistration } from '#libs/fleet';
import { LinkModule } from '#libs/link';
import { RedisConnections, RedisModule, redisName, StoreClock } from '#libs/redis';
import { TelemetryModule } from '#libs/telemetry';
import { AuditLog, type NewAct } from './audit-log.js';
import { actOrderKey, actsKey, beginAct } from './scripts/audit-scripts.js';

describe('AuditLog', () => {
  let module: TestingModule;
  let audit: AuditLog;
  let redis: RedisConnections;
  const name = randomUUID().slice(0, 8);

  const newAct = (changes: Partial<NewAct> = {}): NewAct => ({
    actor: { name: 'ada', role: 'operator' },
    act: 'server.cordon',
    target: randomUUID(),
    note: null,
    input: null,
    ...changes,
  });

  beforeAll(async () => {
    module = await Test.createTestingModule({
      imports: [
        RedisModule.forRoot({ url: process.env.HOLDFAST_TEST_REDIS_URL as string }),
        TelemetryModule.forRoot({ server: `hf:gateway:${name}`, level: 'silent', format: 'json' }),
        LinkModule.forRoot({ host: '127.0.0.1', port: 0, secrets: ['a secret of the tests'] }),
        FleetModule.forRoot({ type: 'gateway', name }),
      ],
      providers: [AuditLog],
    }).compile();
    audit = module.get(AuditLog);
    redis = module.get(RedisConnections);
    await redis.ready();
    await module.get(StoreClock).start();
    await module.get(ServerRegistration).register({ linkHost: '127.0.0.1', linkPort: 1, opsHost: '127.0.0.1', opsPort: 1 });
  });
  afterAll(async () => {
    await module.get(ServerRegistration).leave();
    await module.close();
  });

  it('contains an act that has not ended yet', async () => {
    const act = newAct();
    const { id } = await audit.begin(act);
    expect(await audit.read(id)).toMatchObject({ id, target: act.target, outcome: 'running', endedAt: null });
  });

  it('shows an act as lost when the gateway of the act ended before the act', async () => {
    const { id, stored } = await audit.begin(newAct());
    const { incarnation } = module.get(Self);
    await redis.commands.hset(actsKey(), id, JSON.stringify({ ...stored, incarnation: incarnation - 1 }));
    expect(await audit.read(id)).toMatchObject({ outcome: 'lost' });
  });

  it('finds the acts on a server by its id with and without the prefix of the fleet', async () => {
    const short = `game:${randomUUID()}`;
    const long = redisName(short);
    for (const target of [short, long]) await audit.begin(newAct({ target }));
    // The ids of rooms have no prefix, so a room can have the same id as a server.
    await audit.begin(newAct({ act: 'room.end', target: short }));
    const found = async (target: string) => (await audit.page({ target, limit: 5 })).acts.map((one) => `${one.act} ${one.target}`).sort();
    const onServer = [`server.cordon ${short}`, `server.cordon ${long}`].sort();
    expect(await found(long)).toEqual(onServer);
    expect(await found(short)).toEqual([`room.end ${short}`, ...onServer]);
  });

  it('lists the acts page by page, newest first, each act once', async () => {
    const target = randomUUID();
    const ids: string[] = [];
    for (let count = 0; count < 5; count++) ids.unshift((await audit.begin(newAct({ target }))).id);
    const first = await audit.page({ target, limit: 2 });
    const second = await audit.page({ target, limit: 2, after: first.next! });
    const third = await audit.page({ target, limit: 2, after: second.next! });
    // Acts that began in the same millisecond may be in any order, so the test compares sorted ids.
    const read = [first, second, third].flatMap(({ acts }) => acts.map(({ id }) => id));
    expect([...read].sort().reverse()).toEqual([...ids].sort().reverse());
    expect(read).toEqual([...read].sort().reverse());
    expect(third.next).toBeNull();
  });

  it('filters the acts by operator and by kind', async () => {
    const target = randomUUID();
    await audit.begin(newAct({ target, actor: { name: 'bob', role: 'operator' }, act: 'server.drain' }));
    await audit.begin(newAct({ target }));
    expect((await audit.page({ target, actor: 'bob', limit: 10 })).acts).toMatchObject([{ act: 'server.drain' }]);
    expect((await audit.page({ target, act: 'server.cordon', limit: 10 })).acts).toMatchObject([{ actor: 'ada' }]);
  });

  it('keeps a limited number of acts, and removes the oldest', async () => {
    const { commands } = redis;
    const before = await commands.zcard(actOrderKey());
    const { id } = await audit.begin(newAct());
    const limits = { actsMax: before + 1, keptMs: 86_400_000 };
    const [oldest] = await commands.zrange(actOrderKey(), '0', '0');
    const later = await beginAct(commands, 'aaaa', JSON.stringify((await audit.begin(newAct())).stored), limits);
    expect(await commands.zcard(actOrderKey())).toBeLessThanOrEqual(before + 1);
    expect(await commands.hlen(actsKey())).toBe(await commands.zcard(actOrderKey()));
    expect(await commands.hexists(actsKey(), oldest!)).toBe(0);
    expect(await audit.read(later)).not.toBeNull();
    // Acts of the same millisecond have no order.
    expect(Number(id.slice(0, 13))).toBeLessThanOrEqual(Number(later.slice(0, 13)));
  });

  it('removes acts that are older than the maximum age', async () => {
    const { commands } = redis;
    const old = '0000000001000-old';
    await commands.hset(actsKey(), old, '{}');
    await commands.zadd(actOrderKey(), 0, old);
    await audit.begin(newAct());
    expect(await commands.hexists(actsKey(), old)).toBe(0);
    expect(await commands.zscore(actOrderKey(), old)).toBeNull();
  });

  it('skips entries that another program has written', async () => {
    const { commands } = redis;
    const { id } = await audit.begin(newAct());
    await commands.hset(actsKey(), id, 'no JSON');
    expect(await audit.read(id)).toBeNull();
    await expect(audit.page({ limit: 10 })).resolves.toBeDefined();
  });
});
