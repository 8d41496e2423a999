import { ServerDirectory, ServerRegistration } from '#libs/fleet';
import { serverId } from '#libs/protocol';
import { eventually } from '../../../../tools/process/until.mjs';
import { CHECKS, DORMANT, EndsSeen, evicted, HealthWorld, metric, recordIn, Started } from '../health.fixture.js';
import { Eviction } from './eviction.js';
import { Verdicts } from './verdicts.js';
import { VoterProbe } from './voter-probe.js';

describe('the voting of gateways, over a real Redis', () => {
  let world: HealthWorld;

  beforeEach(async () => {
    world = await HealthWorld.open();
  });

  afterEach(() => world.close());

  it('evicts a server when two of three gateways vote for the eviction, and only one gateway does the cleanup', async () => {
    const gateways = [await world.gateway('1'), await world.gateway('2'), await world.gateway('3')];
    const games = [await world.start('game', '1'), await world.start('game', '2')];
    const silent = await world.foreign(gateways[0], 'silent', 'is silent');
    await eventually(() => expect(evicted(gateways[0], silent.id)).toHaveLength(1));
    await eventually(async () => expect((await silent.record()).settledAt).toBeDefined());
    const ends = gateways.flatMap(({ module }) => module.get(EndsSeen).ends);
    expect(ends).toEqual([`${silent.id} ${silent.incarnation} silent`]);
    expect(Object.keys(await silent.record()).filter((field) => field.startsWith('vote:')).length).toBeGreaterThanOrEqual(2);
    for (const { self, redis } of [...gateways, ...games]) expect(await redis.commands.hget(self.id, 'state')).toBe('ready');
  });

  it('counts only one vote for each gateway in the list of voters, and no other votes', async () => {
    const [one, two, stranger] = [await world.gateway('1', DORMANT), await world.gateway('2', DORMANT), await world.gateway('3', DORMANT)];
    const { id } = await world.foreign(one, 'accused', 'speaks');
    const server = await recordIn(one, id);
    const voters = [one.self.id, two.self.id];
    const vote = (by: Started) => by.module.get(Eviction).vote(server, 'refused', voters);
    expect(await vote(one)).toMatchObject({ kind: 'voted', votes: 1 });
    expect(await vote(one)).toMatchObject({ kind: 'voted', votes: 1 });
    expect(await vote(stranger)).toMatchObject({ kind: 'voted', votes: 1 });
    expect(await vote(two)).toMatchObject({ kind: 'evicted', votes: 2 });
    expect(await vote(one)).toMatchObject({ kind: 'dead' });
  });

  it('marks a gateway as suspect when the gateway answers neither the request to vote nor a check', async () => {
    const [watching, present] = [await world.gateway('1'), await world.gateway('2', DORMANT)];
    const absent = await world.foreign(watching, 'absent', 'is silent');
    await watching.redis.commands.hset(absent.id, { registeredAt: Date.now() + 60_000 });
    await recordIn(watching, absent.id);
    await recordIn(watching, present.self.id);
    watching.module.get(VoterProbe).probe([absent.id, present.self.id]);
    await eventually(async () => expect((await absent.record()).suspect).toBe('1'));
    expect(await watching.redis.commands.hget(present.self.id, 'suspect')).not.toBe('1');
    await eventually(() =>
      expect(watching.events).toContainEqual(expect.objectContaining({ kind: 'state', server: absent.id, reason: 'suspect' })),
    );
  });

  it('reports missing votes once per interval', async () => {
    const [one] = [await world.gateway('1'), await world.gateway('2', DORMANT)];
    const { id } = await world.foreign(one, 'accused', 'speaks');
    const server = await recordIn(one, id);
    await recordIn(one, serverId('gateway', '2'));
    const verdicts = one.module.get(Verdicts);
    const held = async () =>
      (await metric(one, 'holdfast_evictions_held_total')).filter(({ labels }) => labels.reason === 'votes').map(({ value }) => value);
    expect(await verdicts.condemn(server, 'refused')).toBe('open');
    expect(await held()).toEqual([]);
    await eventually(async () => {
      expect(await verdicts.condemn(server, 'refused')).toBe('open');
      expect(await held()).toEqual([1]);
    });
    expect(await verdicts.condemn(server, 'refused')).toBe('open');
    expect(await held()).toEqual([1]);
  });

  it('lets exactly one of several simultaneous calls evict a server', async () => {
    const [one, two] = [await world.gateway('1', DORMANT), await world.gateway('2', DORMANT)];
    const { id } = await world.foreign(one, 'accused', 'speaks');
    const server = await recordIn(one, id);
    const calls = [one, two, one, two].map(({ module }) => module.get(Eviction).evict(server, 'operator'));
    expect((await Promise.all(calls)).sort()).toEqual([false, false, false, true]);
    await eventually(() => expect([one, two].flatMap(({ module }) => module.get(EndsSeen).ends)).toHaveLength(1));
  });

  it('does not evict a newer incarnation, or a server that answers before the verdict', async () => {
    const watching = await world.gateway('1', DORMANT);
    const accused = await world.foreign(watching, 'accused', 'speaks');
    const server = await recordIn(watching, accused.id);
    const eviction = watching.module.get(Eviction);
    await watching.redis.commands.hset(accused.id, { check: 'update' });
    expect(await eviction.vote(server, 'silent', [])).toMatchObject({ kind: 'answered' });
    await watching.redis.commands.hset(accused.id, { incarnation: accused.incarnation + 1 });
    expect(await eviction.evict(server, 'operator')).toBe(false);
    expect((await accused.record()).state).toBe('ready');
  });

  it('evicts a server that refuses connections, even when Redis has lost the registry', async () => {
    const watching = await world.gateway('1');
    const lost = await world.foreign(watching, 'lost', 'refuses');
    await recordIn(watching, lost.id);
    await watching.redis.commands.del(lost.id, 'hf:servers');
    await eventually(async () =>
      expect(await lost.record()).toMatchObject({ state: 'dead', type: 'game', incarnation: String(lost.incarnation) }),
    );

    const leaving = await world.start('game', 'leaving');
    await eventually(() => expect(watching.module.get(ServerDirectory).get(leaving.self.id)).toBeDefined());
    await leaving.port.close();
    await leaving.module.get(ServerRegistration).leave();
    await eventually(() => expect(watching.module.get(ServerDirectory).get(leaving.self.id)).toBeUndefined());
    expect(evicted(watching, leaving.self.id)).toEqual([]);
    expect(await watching.redis.commands.exists(leaving.self.id)).toBe(0);
  });

  it('reports the verdict in a dry run, but evicts no server', async () => {
    const watching = await world.gateway('1', { ...CHECKS, dryRun: true });
    const refused = await world.foreign(watching, 'refused', 'refuses');
    await eventually(async () =>
      expect(await metric(watching, 'holdfast_evictions_held_total')).toEqual([
        expect.objectContaining({ value: 1, labels: { reason: 'dry-run' } }),
      ]),
    );
    expect((await refused.record()).state).toBe('ready');
  });

  it('repeats a failed cleanup when the lease on the cleanup has expired', async () => {
    const evictor = await world.gateway('1', DORMANT);
    const other = await world.gateway('2', DORMANT);
    evictor.module.get(EndsSeen).failures = 1;
    const accused = await world.foreign(evictor, 'accused', 'speaks');
    await evictor.module.get(Eviction).evict(await recordIn(evictor, accused.id), 'operator');
    await eventually(() => expect(evictor.module.get(EndsSeen).ends).toHaveLength(1));
    expect(await accused.record()).not.toHaveProperty('settledAt');
    // The test lets the lease expire immediately.
    await evictor.redis.commands.hset(accused.id, 'endClaimedAt', 1);
    await eventually(async () => expect((await accused.record()).settledAt).toBeDefined(), 12_000);
    const ends = [evictor, other].flatMap(({ module }) => module.get(EndsSeen).ends);
    expect(ends).toEqual(Array(2).fill(`${accused.id} ${accused.incarnation} operator`));
  });
});
