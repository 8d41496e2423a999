import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Injectable, type Type } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { Test, type TestingModule } from '@nestjs/testing';
import { Extension } from '#libs/extension';
import { type FleetEvent, FleetEvents, FleetModule, Self, ServerDirectory, type ServerRecord, ServerRegistration } from '#libs/fleet';
import { LinkModule, Links } from '#libs/link';
import { type ServerId, type ServerType, serverId } from '#libs/protocol';
import { RedisConnections, RedisModule } from '#libs/redis';
import { Metrics, TelemetryModule } from '#libs/telemetry';
import { eventually } from '../../../tools/process/until.mjs';
import { startRedis } from '../../../tools/redis/index.mjs';
import { HealthModule } from './health.module.js';
import type { CheckOptions } from './health.options.js';
import { FakePort, type Port, Wire } from './ports.fixture.js';
import { EligibilityListener, HealthAnswerListener, HealthFacts, ServerEndListener } from './ports.js';

export const INTERVAL_MS = 300;
export const CHECKS: Partial<CheckOptions> = { intervalMs: INTERVAL_MS, graceMs: 0, holdMs: 3_000 };
/** Options with which the checker never runs, for tests of the actions after a verdict. */
export const DORMANT: Partial<CheckOptions> = { ...CHECKS, intervalMs: 600_000 };

export interface Started {
  readonly module: TestingModule;
  readonly self: Self;
  readonly port: FakePort;
  readonly redis: RedisConnections;
  readonly events: FleetEvent[];
}

@Injectable()
@Extension(HealthFacts)
export class TestFacts extends HealthFacts {
  facts() {
    return { rooms: 3, players: 5, capacity: 10 };
  }
}

@Injectable()
@Extension(HealthAnswerListener)
export class AnswersSeen extends HealthAnswerListener {
  readonly answers: unknown[] = [];
  answered(facts: unknown): void {
    this.answers.push(facts);
  }
}

@Injectable()
@Extension(ServerEndListener)
export class EndsSeen extends ServerEndListener {
  readonly ends: string[] = [];
  failures = 0;
  async ended(server: ServerRecord, reason: string): Promise<void> {
    this.ends.push(`${server.id} ${server.incarnation} ${reason}`);
    if (this.failures-- > 0) throw new Error('not yet');
  }
}

@Injectable()
@Extension(EligibilityListener)
export class EligibilitySeen extends EligibilityListener {
  readonly changes: { id: ServerId; suspect?: number; unheard?: boolean }[] = [];
  changed(server: ServerRecord, eligibility: unknown): void {
    this.changes.push({ id: server.id, ...(eligibility as object) });
  }
}

/** A Redis and the servers that use it: real servers in this process, and fake servers, which consist only of a record and a port. */
export class HealthWorld {
  private readonly opened: (() => Promise<void>)[] = [];
  private readonly folders: string[] = [];

  redisServer!: Awaited<ReturnType<typeof startRedis>>;

  private constructor() {}

  static async open(): Promise<HealthWorld> {
    const world = new HealthWorld();
    await world.startRedis();
    return world;
  }

  /** Starts an empty Redis. The caller must have stopped the previous Redis. */
  async startRedis(options: Omit<Parameters<typeof startRedis>[0], 'dir'> = {}): Promise<void> {
    const dir = await mkdtemp(join(tmpdir(), 'holdfast-health-'));
    this.folders.push(dir);
    this.redisServer = await startRedis({ ...options, dir });
  }

  async close(): Promise<void> {
    for (const close of this.opened.splice(0).reverse()) await close();
    await this.redisServer.stop();
    for (const folder of this.folders) await rm(folder, { recursive: true, force: true });
  }

  async start(
    type: ServerType,
    name: string,
    options: {
      port?: Port;
      checks?: Partial<CheckOptions>;
      listeners?: readonly Type[];
      answers?: boolean;
      linkPort?: (links: Links) => Promise<number>;
    } = {},
  ): Promise<Started> {
    const port = await FakePort.open(options.port ?? 'speaks');
    const module = await Test.createTestingModule({
      imports: [
        RedisModule.forRoot({ url: this.redisServer.url }),
        TelemetryModule.forRoot({
          server: serverId(type, name),
          level: (process.env.TEST_LOG_LEVEL as 'info') ?? 'silent',
          format: 'pretty',
        }),
        LinkModule.forRoot({ host: '127.0.0.1', port: 0, secrets: ['a secret of the tests'] }),
        FleetModule.forRoot({ type, name }),
        ScheduleModule.forRoot(),
        ...(options.checks ? [HealthModule.forChecker(options.checks)] : []),
        ...(options.answers === false ? [] : [HealthModule.forResponder()]),
      ],
      providers: [TestFacts, AnswersSeen, ...(options.listeners ?? [])],
    }).compile();
    this.opened.push(async () => {
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

  gateway(name: string, checks: Partial<CheckOptions> = CHECKS): Promise<Started> {
    return this.start('gateway', name, { checks, listeners: [EndsSeen, EligibilitySeen] });
  }

  /** Registers a server without a process: a record, and a link port that behaves as `port` says. */
  async foreign(
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
    this.opened.push(() => fake.close());
    return { id, incarnation, port: fake, record: () => by.redis.commands.hgetall(id) };
  }

  /** Starts a server whose link port is behind a `Wire`. The test can stop the bytes on this wire. */
  async linked(name: string, options: { answers?: boolean; type?: 'gateway' } = {}): Promise<Started & { wire: Wire }> {
    let wire: Wire | undefined;
    const linkPort = async (links: Links): Promise<number> => {
      const opened = await Wire.to(await links.listen());
      this.opened.push(() => opened.close());
      wire = opened;
      return opened.number;
    };
    const server = await (options.type
      ? this.start('gateway', name, { checks: DORMANT, linkPort })
      : this.start('game', name, { ...options, linkPort }));
    if (!wire) throw new Error('no wire was asked for');
    return { ...server, wire };
  }

  /** Answers the checks of a server without a process, each one after `afterMs`. A check for which `hears` returns false gets no answer. */
  async answerLate(by: Started, id: ServerId, afterMs: number, hears = () => true): Promise<void> {
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
}

export function evicted(by: Started, id: ServerId): FleetEvent[] {
  return by.events.filter((event) => event.kind === 'evicted' && event.server === id);
}

export async function metric(by: Started, name: string) {
  return (await by.module.get(Metrics).registry.getSingleMetric(name)?.get())?.values ?? [];
}

export async function recordIn(by: Started, id: ServerId): Promise<ServerRecord> {
  const directory = by.module.get(ServerDirectory);
  await eventually(() => expect(directory.get(id)).toBeDefined());
  return directory.get(id) as ServerRecord;
}

export async function result(by: Started, kind: string): Promise<number> {
  return (await metric(by, 'holdfast_health_checks_total')).find(({ labels }) => labels.result === kind)?.value ?? 0;
}

export async function healthyAgain(by: Started): Promise<void> {
  const before = await result(by, 'healthy');
  // Waits for a few more checks of each of three servers. All earlier checks are judged by then.
  await eventually(async () => expect(await result(by, 'healthy')).toBeGreaterThan(before + 12), 15_000);
}

/** Blocks the event loop, as a busy or suspended process does. */
export function blockFor(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}
