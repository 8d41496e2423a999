import type { OperatorEventKind } from '#libs/fleet';
import { Links } from '#libs/link';
import { PubSub } from '#libs/redis';
import { eventually } from '../../../../tools/process/until.mjs';
import { CHECKS, DORMANT, evicted, HealthWorld, recordIn, type Started } from '../health.fixture.js';
import { reportUnreached } from '../scripts/report-unreached.js';
import { Eviction } from '../voting/eviction.js';
import { UnreachableServers } from './unreachable-servers.js';

/** The grace period after a registration is longer than the tests, so no server is evicted because of missed checks. */
const WATCHING = { ...CHECKS, graceMs: 60_000 };

describe('the watch for game servers that gateways cannot reach by link, over a real Redis', () => {
  let world: HealthWorld;

  beforeEach(async () => {
    world = await HealthWorld.open();
  });

  afterEach(() => world.close());

  it('evicts a server that answers checks but is unreachable for most gateways', async () => {
    const gateways = [await world.gateway('1', WATCHING), await world.gateway('2', WATCHING), await world.gateway('3', WATCHING)];
    const [cut, other] = [await world.linked('cut'), await world.linked('other')];
    await reached(gateways, cut);
    cut.wire.goSilent();
    await eventually(() => expect(evicted(gateways[0], cut.self.id)).toEqual([expect.objectContaining({ reason: 'unreachable' })]));
    expect(await gateways[0].redis.commands.hget(other.self.id, 'state')).toBe('ready');
  }, 20_000);

  it('does not evict a server that other gateways reach, and lists the server in `locallyUnreachable`', async () => {
    const [alone, other] = [await world.gateway('1', WATCHING), await world.gateway('2', DORMANT)];
    const cut = await world.linked('cut');
    await world.linked('near');
    await reached([alone], cut);
    cut.wire.goSilent();
    await eventually(() => expect([...alone.module.get(UnreachableServers).locallyUnreachable]).toEqual([cut.self.id]));
    expect(await other.redis.commands.hget(cut.self.id, 'state')).toBe('ready');
    expect(evicted(alone, cut.self.id)).toEqual([]);
  }, 20_000);

  it('publishes only one operator event when a server becomes unreachable', async () => {
    const events: string[] = [];
    const watching = await world.gateway('1', WATCHING);
    await watching.module.get(PubSub).subscribe('hf:events', (message) => {
      for (const { kind, server } of JSON.parse(message) as { kind: OperatorEventKind; server?: string }[])
        if (kind.endsWith('reachable')) events.push(`${kind} ${server}`);
    });
    const cut = await world.linked('cut');
    await reached([watching], cut);
    // No other game server exists that could take the rooms, so no gateway evicts the unreachable server.
    cut.wire.goSilent();
    await eventually(() => expect(events).toEqual([`server.unreachable ${cut.self.id}`]));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(events).toHaveLength(1);
    expect(evicted(watching, cut.self.id)).toEqual([]);
  }, 20_000);

  it('lists a server in `locallyUnreachable` even while a health check of the server waits for its answer', async () => {
    const [watching] = [await world.gateway('1', WATCHING), await world.gateway('2', DORMANT)];
    const cut = await world.linked('cut');
    await world.linked('near');
    await reached([watching], cut);
    cut.wire.goSilent();
    const service = watching.module.get(UnreachableServers);
    await eventually(() => expect([...service.locallyUnreachable]).toEqual([cut.self.id]));
    const { lost, report } = service as unknown as { lost: Map<string, { isBusy: boolean }>; report(lost: unknown): Promise<void> };
    const found = lost.get(cut.self.id);
    await eventually(() => expect(found?.isBusy).toBe(false));
    // Sends the Redis commands on one connection, so that no health check runs between them.
    await Promise.all([
      watching.redis.commands.hset(cut.self.id, 'check', 'testing'),
      report.call(service, found),
      watching.redis.commands.hset(cut.self.id, 'check', 'update'),
    ]);
    expect(found).toMatchObject({ reportedSince: expect.any(Number), isLocal: true });
    expect([...service.locallyUnreachable]).toEqual([cut.self.id]);
  }, 20_000);

  it('counts only reports of gateways in the given list, one for each gateway, until they expire', async () => {
    const [one, two] = [await world.gateway('1', DORMANT), await world.gateway('2', DORMANT)];
    const { id } = await world.foreign(one, 'accused', 'speaks');
    const server = await recordIn(one, id);
    const report = (by: Started, gateways = [one.self.id, two.self.id]) =>
      reportUnreached(one.redis.commands, server, by.self.id, gateways);
    expect(await report(one)).toEqual({ kind: 'unheard', reports: undefined, rooms: undefined });
    await one.redis.commands.hset(id, { check: 'update', rooms: 4 });
    expect(await report(one)).toEqual({ kind: 'reported', reports: 1, rooms: 4 });
    expect(await report(one)).toMatchObject({ reports: 1 });
    expect(await report(two)).toMatchObject({ reports: 2 });
    expect(await report(two, [two.self.id])).toMatchObject({ reports: 1 });
    expect(await report(two)).toMatchObject({ reports: 2 });
    await eventually(async () => expect(await report(two)).toMatchObject({ reports: 1 }));
    await one.module.get(Eviction).evict(server, 'operator');
    expect(await report(one)).toMatchObject({ kind: 'over' });
  });

  it('evicts no server while a health check of the server waits for its answer', async () => {
    const one = await world.gateway('1', DORMANT);
    const { id } = await world.foreign(one, 'accused', 'is silent');
    const server = await recordIn(one, id);
    const vote = () => one.module.get(Eviction).vote(server, 'unreachable', [one.self.id]);
    await one.redis.commands.hset(id, 'check', 'testing');
    expect(await vote()).toMatchObject({ kind: 'unheard' });
    await one.redis.commands.hset(id, 'check', 'update');
    expect(await vote()).toMatchObject({ kind: 'evicted' });
  });
});

/** Resolves when each of these gateways has an open link to the server. */
async function reached(gateways: readonly Started[], server: Started): Promise<void> {
  await eventually(() => {
    for (const { module } of gateways) expect(module.get(Links).get(server.self.id)?.isOpen).toBe(true);
  });
}
