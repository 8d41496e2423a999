import { Redis } from 'ioredis';
import { FleetLinks, ServerDirectory } from '#libs/fleet';
import { eventually } from '../../../../tools/process/until.mjs';
import { CHECKS, EligibilitySeen, EndsSeen, evicted, HealthWorld, INTERVAL_MS, metric, result } from '../health.fixture.js';
import type { CheckOptions } from '../health.options.js';

describe('the health checker, over a real Redis', () => {
  let world: HealthWorld;

  beforeEach(async () => {
    world = await HealthWorld.open();
  });

  afterEach(() => world.close());

  it('evicts a silent server, but not a busy server', async () => {
    const watching = await world.gateway('1');
    await world.start('lobby', '1');
    await world.start('lobby', '2');
    const busy = await world.foreign(watching, 'busy', 'is silent');
    await world.answerLate(watching, busy.id, INTERVAL_MS * 0.7);
    const silent = await world.foreign(watching, 'silent', 'is silent');

    await eventually(() =>
      expect(evicted(watching, silent.id)).toEqual([expect.objectContaining({ reason: 'silent', incarnation: silent.incarnation })]),
    );
    expect(await silent.record()).toMatchObject({ state: 'dead', deadReason: 'silent' });
    await eventually(async () => expect((await silent.record()).settledAt).toBeDefined());
    expect(watching.module.get(EndsSeen).ends).toEqual([`${silent.id} ${silent.incarnation} silent`]);
    expect(watching.module.get(EligibilitySeen).changes[0]).toEqual({ id: silent.id, suspect: 1, unheard: false });
    expect((await busy.record()).state).toBe('ready');
    expect(await metric(watching, 'holdfast_evictions_total')).toEqual([
      expect.objectContaining({ value: 1, labels: { type: 'game', reason: 'silent' } }),
    ]);
  });

  it('evicts a hanging server after at most three unanswered checks', async () => {
    const watching = await world.gateway('1');
    await world.start('lobby', '1');
    await world.start('lobby', '2');
    const hanging = await world.foreign(watching, 'hanging', 'speaks');
    let isHanging = false;
    await world.answerLate(watching, hanging.id, 0, () => !isHanging);
    await eventually(async () => expect(await result(watching, 'healthy')).toBeGreaterThan(6));
    hanging.port.become('is silent');
    isHanging = true;
    await eventually(() => expect(evicted(watching, hanging.id)).toHaveLength(1));
    // The third unanswered check is the reason of the verdict, so it is not counted as a suspicion. The test does not count the checks
    // until the eviction, because a busy machine sends a further one while the eviction is written.
    const counts = watching.module.get(EligibilitySeen).changes.filter(({ id }) => id === hanging.id);
    expect(Math.max(...counts.map(({ suspect = 0 }) => suspect))).toBeLessThanOrEqual(2);
  });

  it('counts no missed checks of a new server during the grace period', async () => {
    const watching = await world.gateway('1', { ...CHECKS, graceMs: 60_000 });
    const fresh = await world.foreign(watching, 'fresh', 'is silent');
    await watching.redis.commands.hset(fresh.id, 'registeredAt', Date.now());
    await eventually(async () => expect(await result(watching, 'void')).toBeGreaterThan(4));
    expect(await fresh.record()).not.toHaveProperty('suspect');
    expect(evicted(watching, fresh.id)).toEqual([]);
  });

  it('does not evict a server that answers on its link but not through Redis', async () => {
    const watching = await world.gateway('1');
    await world.start('lobby', '1');
    await world.start('lobby', '2');
    const deaf = await world.foreign(watching, 'deaf', 'speaks');
    let hears = false;
    await world.answerLate(watching, deaf.id, 0, () => hears);
    await eventually(async () => expect((await deaf.record()).unheard).toBe('1'));
    expect(await metric(watching, 'holdfast_evictions_held_total')).toEqual([
      expect.objectContaining({ value: 1, labels: { reason: 'unheard' } }),
    ]);
    expect(watching.module.get(ServerDirectory).get(deaf.id)?.state).toBe('ready');

    hears = true;
    await eventually(async () => expect(await deaf.record()).toMatchObject({ unheard: '0', suspect: '0' }));
    hears = false;
    await eventually(async () => expect((await deaf.record()).unheard).toBe('1'));
    deaf.port.become('is silent');
    await eventually(() => expect(evicted(watching, deaf.id)).toHaveLength(1));
  });

  it('does not evict a server that replaces its half-open Redis connection for channels', async () => {
    const watching = await world.gateway('1');
    await world.start('lobby', '1');
    await world.start('lobby', '2');
    const game = await world.start('game', '1');
    await eventually(async () => expect(await result(watching, 'healthy')).toBeGreaterThan(3));
    // Makes the connection half open: no message arrives, and the connection is not closed.
    (game.redis.subscriptions as Redis).stream.pause();
    await eventually(async () => expect(await watching.redis.commands.hget(game.self.id, 'unheard')).toBe('1'));
    await eventually(async () => expect(await watching.redis.commands.hgetall(game.self.id)).toMatchObject({ unheard: '0', suspect: '0' }));
    expect(evicted(watching, game.self.id)).toEqual([]);
  });

  it('delays the eviction of many silent servers, but not of a server that refuses connections', async () => {
    const watching = await world.gateway('1');
    await world.start('lobby', '1');
    const silent = await Promise.all(['a', 'b', 'c'].map((name) => world.foreign(watching, name, 'is silent')));
    const refused = await world.foreign(watching, 'refused', 'refuses');
    await eventually(() => expect(evicted(watching, refused.id)).toEqual([expect.objectContaining({ reason: 'refused' })]));
    await eventually(async () =>
      expect((await metric(watching, 'holdfast_evictions_held_total')).map(({ value, labels }) => [labels.reason, value])).toEqual([
        ['many', 3],
      ]),
    );
    for (const { id } of silent) expect(evicted(watching, id)).toEqual([]);
    await eventually(() => {
      for (const { id } of silent) expect(evicted(watching, id)).toHaveLength(1);
    });
  });

  describe('with links to other servers', () => {
    it('keeps only one link between two gateways', async () => {
      const gateways = [await world.linked('2', { type: 'gateway' }), await world.linked('1', { type: 'gateway' })];
      const [two, one] = gateways.map(({ module }) => module.get(FleetLinks));
      await eventually(() => {
        expect(one.get(gateways[0].self.id)).toMatchObject({ isOpen: true, incarnation: gateways[0].self.incarnation });
        expect(two.get(gateways[1].self.id)).toMatchObject({ isOpen: true, incarnation: gateways[1].self.incarnation });
      });
      expect(one.get(gateways[1].self.id)).toBeUndefined();
    });

    // The checker never runs. So only the dial after the loss of a link can lead to the eviction of a server.
    const RARE: Partial<CheckOptions> = { ...CHECKS, intervalMs: 60_000 };

    it('evicts a server whose process has ended, but not a server that only lost its link', async () => {
      const watching = await world.gateway('1', RARE);
      const [gone, there] = [await world.linked('gone'), await world.linked('there')];
      const links = watching.module.get(FleetLinks);
      await eventually(() => {
        for (const { self } of [gone, there]) expect(links.get(self.id)).toMatchObject({ isOpen: true, incarnation: self.incarnation });
      });
      links.get(there.self.id)?.close('a hiccup');
      await gone.wire.close();
      const from = performance.now();
      await eventually(() => expect(evicted(watching, gone.self.id)).toEqual([expect.objectContaining({ reason: 'refused' })]));
      expect(performance.now() - from).toBeLessThan(5_000);
      await eventually(() => expect(links.get(there.self.id)?.isOpen).toBe(true));
      expect(evicted(watching, there.self.id)).toEqual([]);
    });

    it('evicts a server sooner when its link is lost and a new connection attempt gets no answer', async () => {
      const intervalMs = 4_000;
      const watching = await world.gateway('1', { ...CHECKS, intervalMs });
      await world.start('lobby', '1');
      await world.start('lobby', '2');
      const hung = await world.linked('hung', { answers: false });
      const links = watching.module.get(FleetLinks);
      await eventually(() => expect(links.get(hung.self.id)).toMatchObject({ isOpen: true, incarnation: hung.self.incarnation }));
      hung.wire.goSilent();
      const from = performance.now();
      await eventually(() => expect(evicted(watching, hung.self.id)).toEqual([expect.objectContaining({ reason: 'silent' })]));
      // In this time the gateway can dial and make two quick checks. Two regular checks would take two to three intervals.
      expect(performance.now() - from).toBeLessThan(1.5 * intervalMs + 500);
    });
  });
});
