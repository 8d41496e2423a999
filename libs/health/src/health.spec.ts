import { mkdtemp } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { Test, type TestingModule } from '@nestjs/testing';
import { Redis } from 'ioredis';
import {
  type FleetEvent,
  FleetEvents,
  FleetLinks,
  FleetModule,
  Self,
  ServerDirectory,
  type ServerRecord,
  ServerRegistration,
} from '#libs/fleet';
import { LinkModule, Links } from '#libs/link';
import { type ServerId, type ServerType, serverId } from '#libs/protocol';
import { RedisConnections, RedisModule } from '#libs/redis';
import { Metrics, TelemetryModule } from '#libs/telemetry';
import { startRedis } from '../../../tools/redis/index.mjs';
import { AbsentVoters } from './absent-voters.js';
import { Eviction } from './eviction.js';
import { HealthModule } from './health.module.js';
import type { HealthCheckerOptions } from './health.options.js';
import { HealthAnswerListener, ServerEndListener, ServerFacts, WillingnessListener } from './ports.js';
import { Verdicts } from './verdicts.js';

const INTERVAL_MS = 300;
const CHECKS: HealthCheckerOptions = { intervalMs: INTERVAL_MS, graceMs: 0, holdMs: 3_000 };

/** What a link port does when dialled, as seen from outside: a living process speaks first, a stopped one lets the kernel accept. */
type Port = 'speaks' | 'is silent' | 'refuses';

interface Started {
  readonly module: TestingModule;
  readonly self: Self;
  readonly port: FakePort;
  readonly redis: RedisConnections;
  readonly events: FleetEvent[];
}

@Injectable()
class TestFacts extends ServerFacts {
  facts() {
    return { rooms: 3, players: 5, capacity: 10 };
  }
}

@Injectable()
class AnswersSeen extends HealthAnswerListener {
  readonly answers: unknown[] = [];
  answered(facts: unknown): void {
    this.answers.push(facts);
  }
}

@Injectable()
class EndsSeen extends ServerEndListener {
  readonly ends: string[] = [];
  failures = 0;
  async ended(server: ServerRecord, reason: string): Promise<void> {
    this.ends.push(`${server.id} ${server.incarnation} ${reason}`);
    if (this.failures-- > 0) throw new Error('not yet');
  }
}

@Injectable()
class WillingnessSeen extends WillingnessListener {
  readonly changes: unknown[] = [];
  changed(server: ServerRecord, willingness: unknown): void {
    this.changes.push({ id: server.id, ...(willingness as object) });
  }
}

describe('health, over a real Redis', () => {
  let redisServer: Awaited<ReturnType<typeof startRedis>>;
  const open: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    redisServer = await startRedis({ dir: await mkdtemp(join(tmpdir(), 'holdfast-health-')) });
  });

  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
    await redisServer.stop();
  });

  async function start(
    type: ServerType,
    name: string,
    options: { port?: Port; checks?: HealthCheckerOptions; answers?: boolean; linkPort?: (links: Links) => Promise<number> } = {},
  ): Promise<Started> {
    const port = await FakePort.open(options.port ?? 'speaks');
    const module = await Test.createTestingModule({
      imports: [
        RedisModule.forRoot({ url: redisServer.url }),
        TelemetryModule.forRoot({
          server: serverId(type, name),
          level: (process.env.TEST_LOG_LEVEL as 'info') ?? 'silent',
          format: 'pretty',
        }),
        LinkModule.forRoot({ host: '127.0.0.1', port: 0, secret: 'a secret of the tests' }),
        FleetModule.forRoot({ type, name }),
        ...(options.checks ? [ScheduleModule.forRoot(), HealthModule.forChecker(options.checks)] : []),
        ...(options.answers === false ? [] : [HealthModule.forResponder({ facts: TestFacts, answerListeners: [AnswersSeen] })]),
      ],
      providers: [TestFacts, AnswersSeen, EndsSeen, WillingnessSeen],
    }).compile();
    open.push(async () => {
      await module.close();
      await port.close();
    });
    const redis = module.get(RedisConnections);
    await redis.ready();
    await module.init();
    const events: FleetEvent[] = [];
    module.get(FleetEvents).on((event) => events.push(event));
    const registration = module.get(ServerRegistration);
    await registration.register({
      linkHost: '127.0.0.1',
      linkPort: (await options.linkPort?.(module.get(Links))) ?? port.number,
      opsHost: '127.0.0.1',
      opsPort: 1,
    });
    await registration.setState('ready');
    return { module, self: module.get(Self), port, redis, events };
  }

  function gateway(name: string, checks: HealthCheckerOptions = CHECKS): Promise<Started> {
    return start('gateway', name, { checks: { ends: [EndsSeen], willingness: [WillingnessSeen], ...checks } });
  }

  /** A member of the fleet with no code of ours: a record, and whatever its link port does. */
  async function foreign(
    by: Started,
    name: string,
    port: Port,
  ): Promise<{ id: ServerId; incarnation: number; port: FakePort; record(): Promise<Record<string, string>> }> {
    const id = serverId('game', name);
    const fake = await FakePort.open(port);
    const incarnation = Date.now();
    await by.redis.commands.hset(id, {
      type: 'game',
      name,
      incarnation,
      state: 'ready',
      linkHost: '127.0.0.1',
      linkPort: fake.number,
      opsHost: '',
      opsPort: 0,
      startedAt: incarnation,
      registeredAt: 1,
    });
    await by.redis.commands.sadd('hf:servers', id);
    await by.module.get(FleetEvents).publish({ kind: 'registered', server: id, incarnation });
    open.push(() => fake.close());
    return { id, incarnation, port: fake, record: () => by.redis.commands.hgetall(id) };
  }

  const evicted = (by: Started, id: ServerId) => by.events.filter((event) => event.kind === 'evicted' && event.server === id);
  const metric = async (by: Started, name: string) => (await by.module.get(Metrics).registry.getSingleMetric(name)?.get())?.values ?? [];

  it('keeps the contract that redis-cli shows: testing on the hash, a message on its channel, update and the facts in answer', async () => {
    const watching = await gateway('1');
    const game = await start('game', '1');
    await eventually(async () => {
      const record = await watching.redis.commands.hgetall(game.self.id);
      expect(record).toMatchObject({ check: 'update', rooms: '3', players: '5', capacity: '10' });
      expect(Number(record.lagMs)).toBeGreaterThanOrEqual(0);
    });
    await eventually(() =>
      expect(game.module.get(AnswersSeen).answers).toContainEqual(expect.objectContaining({ rooms: 3, players: 5, capacity: 10 })),
    );

    const silent = await foreign(watching, 'mute', 'speaks');
    const heard: string[] = [];
    const listener = watching.redis.open();
    await listener.connect();
    listener.on('message', (channel) => heard.push(channel));
    await listener.subscribe(silent.id);
    await eventually(() => expect(heard).toContain(silent.id));
    expect((await silent.record()).check).toBe('testing');
  });

  it('lets any program be a member that writes update when it is asked', async () => {
    const watching = await gateway('1');
    const other = await foreign(watching, 'other', 'refuses');
    await watching.redis.commands.hset(other.id, { linkPort: 0 });
    const listener = watching.redis.open();
    await listener.connect();
    listener.on('message', () => void watching.redis.commands.hset(other.id, { check: 'update' }));
    await listener.subscribe(other.id);
    await eventually(async () =>
      expect(
        (await metric(watching, 'holdfast_health_checks_total')).find(({ labels }) => labels.result === 'healthy')?.value,
      ).toBeGreaterThan(4),
    );
    expect((await other.record()).state).toBe('ready');
  });

  it('evicts the silent one and keeps the busy one beside it', async () => {
    const watching = await gateway('1');
    await start('lobby', '1');
    await start('lobby', '2');
    const busy = await foreign(watching, 'busy', 'is silent');
    await answerLate(watching, busy.id, INTERVAL_MS * 0.7);
    const silent = await foreign(watching, 'silent', 'is silent');

    await eventually(() =>
      expect(evicted(watching, silent.id)).toEqual([expect.objectContaining({ reason: 'silent', incarnation: silent.incarnation })]),
    );
    expect(await silent.record()).toMatchObject({ state: 'dead', deadReason: 'silent' });
    await eventually(async () => expect((await silent.record()).settledAt).toBeDefined());
    expect(watching.module.get(EndsSeen).ends).toEqual([`${silent.id} ${silent.incarnation} silent`]);
    expect(watching.module.get(WillingnessSeen).changes[0]).toEqual({ id: silent.id, suspect: 1, unheard: false });
    expect((await busy.record()).state).toBe('ready');
    expect(await metric(watching, 'holdfast_evictions_total')).toEqual([
      expect.objectContaining({ value: 1, labels: { type: 'game', reason: 'silent' } }),
    ]);
  });

  it('finds a hang within three intervals', async () => {
    const watching = await gateway('1', { ...CHECKS, intervalMs: 600 });
    await start('lobby', '1');
    await start('lobby', '2');
    const hanging = await foreign(watching, 'hanging', 'speaks');
    let isHanging = false;
    await answerLate(watching, hanging.id, 0, () => !isHanging);
    await eventually(async () => expect(await result(watching, 'healthy')).toBeGreaterThan(6));
    isHanging = true;
    hanging.port.become('is silent');
    const from = performance.now();
    await eventually(() => expect(evicted(watching, hanging.id)).toHaveLength(1));
    // Three intervals, and some for a machine that has other things to do.
    expect(performance.now() - from).toBeLessThan(3 * 600 + 300);
  });

  it('spares a new server its grace', async () => {
    const watching = await gateway('1', { ...CHECKS, graceMs: 60_000 });
    const fresh = await foreign(watching, 'fresh', 'is silent');
    await watching.redis.commands.hset(fresh.id, 'registeredAt', Date.now());
    await eventually(async () => expect(await result(watching, 'void')).toBeGreaterThan(4));
    expect(await fresh.record()).not.toHaveProperty('suspect');
    expect(evicted(watching, fresh.id)).toEqual([]);
  });

  it('marks as unheard who answers on its link only, forgives it when it is heard, condemns it when the link falls silent, too', async () => {
    const watching = await gateway('1');
    await start('lobby', '1');
    await start('lobby', '2');
    const deaf = await foreign(watching, 'deaf', 'speaks');
    let hears = false;
    await answerLate(watching, deaf.id, 0, () => hears);
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

  it('waits for a server whose subscription died in silence until it has noticed by itself', async () => {
    const watching = await gateway('1');
    await start('lobby', '1');
    await start('lobby', '2');
    const game = await start('game', '1');
    await eventually(async () => expect(await result(watching, 'healthy')).toBeGreaterThan(3));
    // Half open: nothing comes any more, and nobody says so.
    (game.redis.subscriptions as Redis).stream.pause();
    await eventually(async () => expect(await watching.redis.commands.hget(game.self.id, 'unheard')).toBe('1'));
    await eventually(async () => expect(await watching.redis.commands.hgetall(game.self.id)).toMatchObject({ unheard: '0', suspect: '0' }));
    expect(evicted(watching, game.self.id)).toEqual([]);
  });

  it('holds many that fall silent at once until that has lasted, and lets go at once who is refused', async () => {
    const watching = await gateway('1');
    await start('lobby', '1');
    const silent = await Promise.all(['a', 'b', 'c'].map((name) => foreign(watching, name, 'is silent')));
    const refused = await foreign(watching, 'refused', 'refuses');
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

  it('evicts once with three gateways, by the votes of two, and one of them sees to the end', async () => {
    const gateways = [await gateway('1'), await gateway('2'), await gateway('3')];
    const games = [await start('game', '1'), await start('game', '2')];
    const silent = await foreign(gateways[0], 'silent', 'is silent');
    await eventually(() => expect(evicted(gateways[0], silent.id)).toHaveLength(1));
    await eventually(async () => expect((await silent.record()).settledAt).toBeDefined());
    const ends = gateways.flatMap(({ module }) => module.get(EndsSeen).ends);
    expect(ends).toEqual([`${silent.id} ${silent.incarnation} silent`]);
    expect(Object.keys(await silent.record()).filter((field) => field.startsWith('vote:')).length).toBeGreaterThanOrEqual(2);
    for (const { self, redis } of [...gateways, ...games]) expect(await redis.commands.hget(self.id, 'state')).toBe('ready');
  });

  it('counts a gateway once, and only those whose votes are asked for', async () => {
    const [one, two, stranger] = [await gateway('1', DORMANT), await gateway('2', DORMANT), await gateway('3', DORMANT)];
    const { id } = await foreign(one, 'accused', 'speaks');
    const server = await recordIn(one, id);
    const voters = [one.self.id, two.self.id];
    const vote = (by: Started) => by.module.get(Eviction).vote(server, 'refused', voters);
    expect(await vote(one)).toMatchObject({ kind: 'voted', votes: 1 });
    expect(await vote(one)).toMatchObject({ kind: 'voted', votes: 1 });
    expect(await vote(stranger)).toMatchObject({ kind: 'voted', votes: 1 });
    expect(await vote(two)).toMatchObject({ kind: 'evicted', votes: 2 });
    expect(await vote(one)).toMatchObject({ kind: 'dead' });
  });

  it('asks after voters whose votes are missing, and takes their say from none but those who are silent', async () => {
    const [watching, present] = [await gateway('1'), await gateway('2', DORMANT)];
    const absent = await foreign(watching, 'absent', 'is silent');
    await watching.redis.commands.hset(absent.id, { registeredAt: Date.now() + 60_000 });
    await recordIn(watching, absent.id);
    await recordIn(watching, present.self.id);
    watching.module.get(AbsentVoters).lookFor([absent.id, present.self.id]);
    await eventually(async () => expect((await absent.record()).suspect).toBe('1'));
    expect(await watching.redis.commands.hget(present.self.id, 'suspect')).not.toBe('1');
    expect(watching.events).toContainEqual(expect.objectContaining({ kind: 'state', server: absent.id, reason: 'suspect' }));
  });

  it('says that votes are missing once they have been for an interval, not whenever it asks for them', async () => {
    const [one] = [await gateway('1'), await gateway('2', DORMANT)];
    const { id } = await foreign(one, 'accused', 'speaks');
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
  });

  it('has one winner when several evict at the same time', async () => {
    const [one, two] = [await gateway('1', DORMANT), await gateway('2', DORMANT)];
    const { id } = await foreign(one, 'accused', 'speaks');
    const server = await recordIn(one, id);
    const calls = [one, two, one, two].map(({ module }) => module.get(Eviction).evict(server, 'operator'));
    expect((await Promise.all(calls)).sort()).toEqual([false, false, false, true]);
    await eventually(() => expect([one, two].flatMap(({ module }) => module.get(EndsSeen).ends)).toHaveLength(1));
  });

  it('touches no other incarnation, and acquits the silent one who answers before the verdict', async () => {
    const watching = await gateway('1', DORMANT);
    const accused = await foreign(watching, 'accused', 'speaks');
    const server = await recordIn(watching, accused.id);
    const eviction = watching.module.get(Eviction);
    await watching.redis.commands.hset(accused.id, { check: 'update' });
    expect(await eviction.vote(server, 'silent', [])).toMatchObject({ kind: 'answered' });
    await watching.redis.commands.hset(accused.id, { incarnation: accused.incarnation + 1 });
    expect(await eviction.evict(server, 'operator')).toBe(false);
    expect((await accused.record()).state).toBe('ready');
  });

  it('declares dead whom it is refused by even when the registry was lost, but not one that left', async () => {
    const watching = await gateway('1');
    const lost = await foreign(watching, 'lost', 'refuses');
    await recordIn(watching, lost.id);
    await watching.redis.commands.del(lost.id, 'hf:servers');
    await eventually(async () =>
      expect(await lost.record()).toMatchObject({ state: 'dead', type: 'game', incarnation: String(lost.incarnation) }),
    );

    const leaving = await start('game', 'leaving');
    await eventually(() => expect(watching.module.get(ServerDirectory).get(leaving.self.id)).toBeDefined());
    await leaving.port.close();
    await leaving.module.get(ServerRegistration).leave();
    await eventually(() => expect(watching.module.get(ServerDirectory).get(leaving.self.id)).toBeUndefined());
    expect(evicted(watching, leaving.self.id)).toEqual([]);
    expect(await watching.redis.commands.exists(leaving.self.id)).toBe(0);
  });

  it('decides and reports in a dry run, and evicts nobody', async () => {
    const watching = await gateway('1', { ...CHECKS, dryRun: true });
    const refused = await foreign(watching, 'refused', 'refuses');
    await eventually(async () =>
      expect(await metric(watching, 'holdfast_evictions_held_total')).toEqual([
        expect.objectContaining({ value: 1, labels: { reason: 'dry-run' } }),
      ]),
    );
    expect((await refused.record()).state).toBe('ready');
  });

  it('condemns nobody when it was away itself', async () => {
    const watching = await gateway('1');
    // Silent on their links, so that nothing but the gateway's doubt of itself saves them.
    const game = await start('game', '1', { port: 'is silent' });
    await start('game', '2', { port: 'is silent' });
    await eventually(async () => expect(await result(watching, 'healthy')).toBeGreaterThan(3));
    blockFor(6 * INTERVAL_MS);
    const before = await result(watching, 'healthy');
    await eventually(async () => expect(await result(watching, 'healthy')).toBeGreaterThan(before + 5));
    expect((await metric(watching, 'holdfast_health_rounds_void_total')).map(({ labels }) => labels.reason)).toContain('loop-late');
    expect(watching.events.filter(({ kind }) => kind === 'evicted')).toEqual([]);
    expect(await watching.redis.commands.hget(game.self.id, 'state')).toBe('ready');
  });

  it('counts no miss for a question that was open while it was away', async () => {
    const watching = await gateway('1');
    const asked = await foreign(watching, 'asked', 'is silent');
    let block = false;
    await answerLate(watching, asked.id, 0, () => {
      if (!block) return true;
      block = false;
      blockFor(4 * INTERVAL_MS);
      return false;
    });
    await eventually(async () => expect(await result(watching, 'healthy')).toBeGreaterThan(3));
    block = true;
    await eventually(() => expect(block).toBe(false));
    const before = await result(watching, 'healthy');
    await eventually(async () => expect(await result(watching, 'healthy')).toBeGreaterThan(before + 3));
    expect(await result(watching, 'void')).toBe(1);
    expect(await result(watching, 'missed')).toBe(0);
  });

  it('counts no miss for a question that was open while the store was away', async () => {
    const watching = await gateway('1');
    const asked = await foreign(watching, 'asked', 'is silent');
    let stop: 'not yet' | 'now' | 'stopped' | 'over' = 'not yet';
    await answerLate(watching, asked.id, INTERVAL_MS * 0.7, () => {
      if (stop === 'now') {
        stop = 'stopped';
        process.kill(redisServer.pid, 'SIGSTOP');
        // Shorter than a command's time, so that no failure says so: the store was merely slow.
        setTimeout(() => {
          process.kill(redisServer.pid, 'SIGCONT');
          stop = 'over';
        }, 5 * INTERVAL_MS);
      }
      return stop === 'not yet' || stop === 'over';
    });
    await eventually(async () => expect(await result(watching, 'healthy')).toBeGreaterThan(3));
    stop = 'now';
    await eventually(() => expect(stop).toBe('over'));
    const before = await result(watching, 'healthy');
    await eventually(async () => expect(await result(watching, 'healthy')).toBeGreaterThan(before + 3));
    expect(await result(watching, 'missed')).toBe(0);
    expect(await result(watching, 'void')).toBeGreaterThan(0);
  });

  it('condemns nobody when the store stops for ten intervals, is flushed, or comes back as another with nothing in it', async () => {
    const watching = await gateway('1');
    // Silent on their links, so that nothing but the gateway's doubt of the store saves them.
    const games = [
      await start('game', '1', { port: 'is silent' }),
      await start('game', '2', { port: 'is silent' }),
      await start('lobby', '1', { port: 'is silent' }),
    ];
    const incarnations = games.map(({ self }) => self.incarnation);
    await eventually(async () => expect(await result(watching, 'healthy')).toBeGreaterThan(3));

    process.kill(redisServer.pid, 'SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 10 * INTERVAL_MS));
    process.kill(redisServer.pid, 'SIGCONT');
    await healthyAgain(watching);

    await watching.redis.commands.flushall();
    await healthyAgain(watching);

    const { port } = redisServer;
    redisServer.process.kill('SIGKILL');
    await new Promise((resolve) => redisServer.process.once('exit', resolve));
    redisServer = await startRedis({ dir: await mkdtemp(join(tmpdir(), 'holdfast-health-')), port });
    await healthyAgain(watching);

    for (const { self, redis } of [watching, ...games]) {
      expect(await redis.commands.hgetall(self.id)).toMatchObject({ state: 'ready', incarnation: String(self.incarnation) });
    }
    expect(games.map(({ self }) => self.incarnation)).toEqual(incarnations);
    expect(watching.events.filter(({ kind }) => kind === 'evicted' || kind === 'left')).toEqual([]);
    expect((await metric(watching, 'holdfast_health_rounds_void_total')).map(({ labels }) => labels.reason)).toContain('store-restarted');
  });

  describe('when a link is lost', () => {
    it('keeps one link between two gateways, whichever came first', async () => {
      const gateways = [await linked('2', { type: 'gateway' }), await linked('1', { type: 'gateway' })];
      const [two, one] = gateways.map(({ module }) => module.get(FleetLinks));
      await eventually(() => {
        expect(one.get(gateways[0].self.id)).toMatchObject({ isOpen: true, incarnation: gateways[0].self.incarnation });
        expect(two.get(gateways[1].self.id)).toMatchObject({ isOpen: true, incarnation: gateways[1].self.incarnation });
      });
      expect(one.get(gateways[1].self.id)).toBeUndefined();
    });

    // Rounds that never come: what is seen here is the fast path alone.
    const RARE: HealthCheckerOptions = { ...CHECKS, intervalMs: 60_000 };

    it('evicts at once a process that is gone, and not one that is still there', async () => {
      const watching = await gateway('1', RARE);
      const [gone, there] = [await linked('gone'), await linked('there')];
      const links = watching.module.get(FleetLinks);
      await eventually(() => {
        for (const { self } of [gone, there]) expect(links.get(self.id)).toMatchObject({ isOpen: true, incarnation: self.incarnation });
      });
      links.get(there.self.id)?.close('a hiccup');
      await gone.wire.close();
      const from = performance.now();
      await eventually(() => expect(evicted(watching, gone.self.id)).toEqual([expect.objectContaining({ reason: 'refused' })]));
      expect(performance.now() - from).toBeLessThan(500);
      await eventually(() => expect(links.get(there.self.id)?.isOpen).toBe(true));
      expect(evicted(watching, there.self.id)).toEqual([]);
    });

    it('asks more often who does not answer the dial, and decides sooner', async () => {
      const intervalMs = 2_000;
      const watching = await gateway('1', { ...CHECKS, intervalMs });
      await start('lobby', '1');
      await start('lobby', '2');
      const hung = await linked('hung', { answers: false });
      const links = watching.module.get(FleetLinks);
      await eventually(() => expect(links.get(hung.self.id)).toMatchObject({ isOpen: true, incarnation: hung.self.incarnation }));
      hung.wire.goSilent();
      const from = performance.now();
      await eventually(() => expect(evicted(watching, hung.self.id)).toEqual([expect.objectContaining({ reason: 'silent' })]));
      // The dial's own time, and two quick checks; by rounds it would be two to three intervals more.
      expect(performance.now() - from).toBeLessThan(1.5 * intervalMs + 500);
    });
  });

  it('works over Redis Cluster', async () => {
    await redisServer.stop();
    redisServer = await startRedis({
      dir: await mkdtemp(join(tmpdir(), 'holdfast-health-')),
      config: { 'cluster-enabled': 'yes', 'cluster-announce-ip': '127.0.0.1' },
    });
    const admin = new Redis(redisServer.url);
    await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    await eventually(async () => expect(await admin.call('CLUSTER', 'INFO')).toContain('cluster_state:ok'));
    admin.disconnect();
    redisServer = { ...redisServer, url: `${redisServer.url},${redisServer.url}` };

    const gateways = [await gateway('1'), await gateway('2')];
    const game = await start('game', '1');
    const silent = await foreign(gateways[0], 'silent', 'is silent');
    await eventually(() => expect(evicted(gateways[1], silent.id)).toHaveLength(1));
    await eventually(async () => expect((await silent.record()).settledAt).toBeDefined());
    await eventually(async () => expect((await game.redis.commands.hget(game.self.id, 'check')) ?? '').toBe('update'));
    await game.module.get(ServerRegistration).leave();
    await eventually(() => expect(gateways[0].module.get(ServerDirectory).get(game.self.id)).toBeUndefined());
    expect(gateways.flatMap(({ module }) => module.get(EndsSeen).ends)).toHaveLength(1);
  });

  it('takes up the end of a server that its evictor has not seen to', async () => {
    const evictor = await gateway('1', DORMANT);
    const other = await gateway('2', DORMANT);
    evictor.module.get(EndsSeen).failures = 1;
    const accused = await foreign(evictor, 'accused', 'speaks');
    await evictor.module.get(Eviction).evict(await recordIn(evictor, accused.id), 'operator');
    await eventually(() => expect(evictor.module.get(EndsSeen).ends).toHaveLength(1));
    expect(await accused.record()).not.toHaveProperty('settledAt');
    // As if the time of a claim had passed.
    await evictor.redis.commands.hset(accused.id, 'endClaimedAt', 1);
    await eventually(async () => expect((await accused.record()).settledAt).toBeDefined(), 12_000);
    const ends = [evictor, other].flatMap(({ module }) => module.get(EndsSeen).ends);
    expect(ends).toEqual(Array(2).fill(`${accused.id} ${accused.incarnation} operator`));
  });

  /** A server with a real link port, reached through a wire that can be cut. */
  async function linked(name: string, options: { answers?: boolean; type?: 'gateway' } = {}): Promise<Started & { wire: Wire }> {
    let wire: Wire | undefined;
    const linkPort = async (links: Links): Promise<number> => {
      const opened = await Wire.to(await links.listen());
      open.push(() => opened.close());
      wire = opened;
      return opened.number;
    };
    const server = await (options.type
      ? start('gateway', name, { checks: DORMANT, linkPort })
      : start('game', name, { ...options, linkPort }));
    if (!wire) throw new Error('no wire was asked for');
    return { ...server, wire };
  }

  /** Answers for a server without code of ours, each check that it hears after a while. */
  async function answerLate(by: Started, id: ServerId, afterMs: number, hears = () => true): Promise<void> {
    const listener = by.redis.open();
    await listener.connect();
    listener.on('message', () => {
      if (!hears()) return;
      setTimeout(() => {
        void by.redis.commands.hset(id, { check: 'update' }).catch(() => {});
      }, afterMs);
    });
    await listener.subscribe(id);
  }

  async function recordIn(by: Started, id: ServerId): Promise<ServerRecord> {
    const directory = by.module.get(ServerDirectory);
    await eventually(() => expect(directory.get(id)).toBeDefined());
    return directory.get(id) as ServerRecord;
  }

  async function result(by: Started, kind: string): Promise<number> {
    return (await metric(by, 'holdfast_health_checks_total')).find(({ labels }) => labels.result === kind)?.value ?? 0;
  }

  async function healthyAgain(by: Started): Promise<void> {
    const before = await result(by, 'healthy');
    // Each of three servers a few times, so that what the disturbance left behind has been judged.
    await eventually(async () => expect(await result(by, 'healthy')).toBeGreaterThan(before + 12), 15_000);
  }
});

/** Checks that never come: for tests of what follows a verdict. */
const DORMANT: HealthCheckerOptions = { ...CHECKS, intervalMs: 600_000 };

/** What a busy or a stopped process does. */
function blockFor(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

class FakePort {
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly number: number,
    private behaviour: Port,
  ) {
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('error', () => {});
      if (this.behaviour === 'speaks') socket.write('hello');
    });
  }

  static async open(behaviour: Port): Promise<FakePort> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const fake = new FakePort(server, port, behaviour);
    if (behaviour === 'refuses') await fake.close();
    return fake;
  }

  become(behaviour: 'speaks' | 'is silent'): void {
    this.behaviour = behaviour;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** Between two ends of a link; it can be cut so that the kernel still accepts, but nobody speaks: a stopped process. */
class Wire {
  private readonly sockets = new Set<Socket>();
  private isSilent = false;

  private constructor(
    private readonly server: Server,
    readonly number: number,
    target: number,
  ) {
    server.on('connection', (socket) => {
      this.keep(socket);
      if (this.isSilent) return;
      const onward = this.keep(connect(target, '127.0.0.1'));
      socket.pipe(onward).pipe(socket);
    });
  }

  static async to(target: number): Promise<Wire> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Wire(server, (server.address() as { port: number }).port, target);
  }

  goSilent(): void {
    this.isSilent = true;
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private keep(socket: Socket): Socket {
    this.sockets.add(socket);
    return socket.on('error', () => {});
  }
}

/** Waits for the thing; the last failure is the reason. */
async function eventually(assertion: () => void | Promise<void>, withinMs = 8_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
