import type { EventSink, FleetLinks, OperatorEvent, Self, ServerDirectory } from '#libs/fleet';
import type { EffectRun, GameRegistry } from '#libs/game-kit';
import type { LinkPeer, Links } from '#libs/link';
import type { LoadBalancerService } from '#libs/placement';
import { HoldfastError, type RoomId, type RoomTenure, type ServerId, type SessionId, type UserId } from '#libs/protocol';
import { StoreClock } from '#libs/redis';
import type { RoomRules } from '#libs/room';
import { EndedGameStore, logFormatOf, RoomLog, type WriteResult } from '#libs/room-store';
import type { StoreSettlement } from '#libs/settlement';
import { Log, Metrics } from '#libs/telemetry';
import { DIRECT_GUARD } from '#libs/watchdog';
import { Attachments } from './attachments/attachments.js';
import { DelayedSpectators } from './attachments/delayed-spectators.js';
import { PlayerLists } from './attachments/player-lists.js';
import { ResyncWatch } from './attachments/resync-watch.js';
import { Appender } from './durability/appender.js';
import { Auditor } from './durability/auditor.js';
import { Checkpointer } from './durability/checkpointer.js';
import { EndedGames } from './durability/ended-games.js';
import { CommandBatch } from './engine/command-batch.js';
import { EffectResults } from './engine/effect-results.js';
import { EffectRunner } from './engine/effect-runner.js';
import { EffectWatch } from './engine/effect-watch.js';
import { RoomClock } from './engine/room-clock.js';
import { RoomEngine } from './engine/room-engine.js';
import type { Hosts } from './hosts.fixture.js';
import { ListeningPeer } from './listening-peer.fixture.js';
import { DowntimeCompensation } from './ownership/downtime-compensation.js';
import { GameLoads } from './ownership/game-loads.js';
import { LeftoverEffects } from './ownership/leftover-effects.js';
import { LoadRequests } from './ownership/load-requests.js';
import { LockPublisher } from './ownership/lock-publisher.js';
import { RoomAdopter } from './ownership/room-adopter.js';
import { RoomLoader } from './ownership/room-loader.js';
import { RoomMigrator } from './ownership/room-migrator.js';
import { RoomOpener } from './ownership/room-opener.js';
import { SeatReconciler } from './ownership/seat-reconciler.js';
import type { HostedRoom } from './room/hosted-room.js';
import { HostedRooms } from './room/hosted-rooms.js';
import { MachineFactory } from './room/machine-factory.js';
import { RoomOutputs } from './room/room-outputs.js';
import { AUDIT_EVERY_MS, type RoomHostOptions } from './room-host.options.js';

/** A game server of `Hosts`. It has all of `libs/room-host`, and those parts of other libraries that `libs/room-host` needs. */
export class Host {
  readonly self: { id: ServerId; incarnation: number; state: string };
  readonly rooms: HostedRooms;
  readonly roomLog: WatchedLog;
  readonly endedStore: EndedGameStore;
  readonly outputs: RoomOutputs;
  readonly appender: Appender;
  readonly engine: RoomEngine;
  readonly clock: RoomClock;
  readonly attachments: Attachments;
  readonly effects: EffectRunner;
  readonly auditor: Auditor;
  readonly ended: EndedGames;
  readonly settlement = new TestSettlement();
  readonly seats: SeatReconciler;
  readonly loader: RoomLoader;
  readonly migrator: RoomMigrator;
  readonly metrics: Metrics;
  readonly operatorEvents: OperatorEvent[] = [];
  /** The time by which the clock of this server is ahead of the other clocks, in ms. */
  clockAheadMs = 0;
  readonly storeClock: StoreClock;
  /** True: the record of this server says that its version is too old to support results of effects. */
  isOfEarlierVersion = false;
  /** Whether the directory of the other servers lists this server. */
  isListed = true;
  /**
   * The answer of this server to a request to load rooms. `as it is`: the server answers as a real one. `nothing`: it refuses with
   * `server-lost`. `never`: it does not answer until `giveUp` is called, and then refuses with `server-lost`.
   */
  loadAnswers: 'as it is' | 'nothing' | 'never' = 'as it is';
  loadRequests = 0;
  /** Answers the waiting requests to load rooms. They wait because `loadAnswers` is `never`. */
  giveUp: () => void = () => {};
  private readonly auditing: NodeJS.Timeout;
  private readonly isGivenUp = new Promise<void>((resolve) => {
    this.giveUp = resolve;
  });

  constructor(
    hosts: Hosts,
    id: ServerId,
    options: RoomHostOptions,
    effectHandlers: ReadonlyMap<string, (run: EffectRun) => unknown>,
    private readonly rules: RoomRules<never>,
  ) {
    this.self = { id, incarnation: Date.now(), state: 'ready' };
    const self = this.self as unknown as Self;
    const labels = { server: id, level: 'silent', format: 'json' } as const;
    const log = new Log(labels);
    this.metrics = new Metrics(labels);
    const { metrics } = this;
    const sink = { publish: (event: OperatorEvent) => this.operatorEvents.push(event) } as unknown as EventSink;
    const recordOf = (host: Host | undefined) => {
      if (!host?.isListed) return undefined;
      const { definition, migrateState } = host.rules;
      const { name, version } = definition;
      const format = host.isOfEarlierVersion ? 0 : logFormatOf(definition);
      return { ...host.self, games: { [name]: { version, oldestVersion: migrateState ? 1 : version, ...(format > 2 && { format }) } } };
    };
    const directory = {
      get: (server: ServerId) => recordOf(hosts.all.get(server)),
      byType: () => [...hosts.all.values()].flatMap((host) => recordOf(host) ?? []),
    } as unknown as ServerDirectory;
    const fleetLinks = {
      to: async ({ id: to }: { id: ServerId }) => ({
        request: (_: string, { rooms }: { rooms: RoomTenure[] }) => (hosts.all.get(to) as Host).load(rooms),
      }),
    } as unknown as FleetLinks;
    const balancer = {
      place: async ({ exclude, gameVersion }: { exclude: ServerId[]; gameVersion?: number }) => {
        const isFree = (host: Host): boolean => host.isListed && host.loader.admission === 'open' && !exclude.includes(host.self.id);
        const takes = ({ rules: { definition, migrateState } }: Host): boolean =>
          gameVersion === undefined || gameVersion === definition.version || (gameVersion < definition.version && migrateState !== null);
        const free = [...hosts.all.values()].find((host) => isFree(host) && takes(host));
        if (!free) throw new HoldfastError('no-capacity');
        return { server: free.self.id };
      },
      cancel: async () => {},
    } as unknown as LoadBalancerService;
    const handlers = { get: (_game: string | null, name: string) => effectHandlers.get(name) };
    const registry = { get: () => rules, all: () => [rules], effectHandlers: handlers } as unknown as GameRegistry;
    const links = { onFrame: () => {}, onClosed: () => {} } as unknown as Links;

    this.storeClock = { now: () => hosts.clock.now() + this.clockAheadMs } as StoreClock;
    this.rooms = new HostedRooms(metrics, log);
    this.roomLog = new WatchedLog(hosts.redis, { replicas: 0, replicasTimeoutMs: 100 });
    this.endedStore = new EndedGameStore(hosts.redis, { replicas: 0, replicasTimeoutMs: 100 });
    this.outputs = new RoomOutputs(options);
    const settlement = this.settlement as unknown as StoreSettlement;
    this.appender = new Appender(this.roomLog, this.endedStore, this.rooms, this.outputs, metrics, log, settlement);
    this.engine = new RoomEngine(this.appender, log, options);
    this.clock = new RoomClock(this.engine, this.rooms, options, metrics);
    const batch = new CommandBatch(this.engine, DIRECT_GUARD);
    const delayed = new DelayedSpectators(this.rooms, this.appender, links);
    this.attachments = new Attachments(
      this.rooms,
      this.engine,
      this.clock,
      this.outputs,
      metrics,
      links,
      new ResyncWatch(metrics, log),
      batch,
      delayed,
      log,
    );
    const players = new PlayerLists(this.appender);
    const locks = new LockPublisher(hosts.records, this.rooms, this.appender, log);
    const checkpointer = new Checkpointer(this.roomLog, this.rooms, log, this.appender, options);
    this.seats = new SeatReconciler(hosts.records, this.engine, log, this.rooms, this.clock, this.appender);
    this.effects = new EffectRunner(
      registry,
      this.engine,
      this.endedStore,
      log,
      this.appender,
      this.rooms,
      DIRECT_GUARD,
      checkpointer,
      new EffectWatch(log, metrics, options),
      new EffectResults(this.engine, log, metrics),
    );
    this.ended = new EndedGames(this.roomLog, this.endedStore, this.rooms, settlement, log);
    const { rooms, appender, roomLog, ended } = this;
    this.auditor = new Auditor(rooms, appender, roomLog, hosts.records, hosts.generation, directory, self, log, ended, settlement);
    const downtime = new DowntimeCompensation(hosts.heartbeats, this.engine, this.storeClock);
    const machines = new MachineFactory(registry, DIRECT_GUARD, self);
    const leftovers = new LeftoverEffects(rooms, this.endedStore, hosts.records, this.effects, ended, log);
    const opener = new RoomOpener(machines, roomLog, hosts.records, settlement, this.storeClock, self, log, options, new GameLoads(log));
    const adopter = new RoomAdopter(machines, roomLog, hosts.records, leftovers, downtime, ended, sink, log, options);
    const { auditor } = this;
    this.loader = new RoomLoader(rooms, opener, adopter, hosts.records, appender, auditor, downtime, self, sink, log, options);
    this.migrator = new RoomMigrator(
      this.rooms,
      this.loader,
      this.appender,
      this.auditor,
      this.clock,
      this.seats,
      this.roomLog,
      hosts.records,
      balancer,
      directory,
      new LoadRequests(directory, fleetLinks),
      self,
      sink,
      log,
      metrics,
      options,
    );
    // Initializes the parts in the order of their dependencies, as Nest does.
    for (const part of [appender, checkpointer, batch, ended, auditor]) part.onModuleInit();
    for (const part of [this.clock, this.effects, this.seats, this.attachments, leftovers, this.loader, players, locks])
      part.onModuleInit();
    // In a server, `@Interval` calls this method.
    this.auditing = setInterval(() => this.auditor.auditRoutinely(), AUDIT_EVERY_MS);
  }

  /** Runs one command, and waits until its change is durable. */
  async does(room: HostedRoom, seat: number, name: string, data?: unknown): Promise<void> {
    const seq = room.seenSeq(seat) + 1;
    const outcome = this.engine.input(room, { kind: 'command', seat, seq, name, data });
    if (outcome.kind !== 'changed') throw new Error(`${name}: ${JSON.stringify(outcome)}`);
    room.noteSeq(seat, seq);
    await this.appender.whenSettled(room);
  }

  /** Attaches a player, and records all messages to this player. */
  attach(room: HostedRoom, seat: number, handle: number, version: number | null, versionEpoch: number | null = null): ListeningPeer {
    const peer = new ListeningPeer();
    this.attachments.attach(peer as unknown as LinkPeer, {
      room: room.id,
      epoch: room.tenure.epoch,
      handle,
      session: `s${handle}` as SessionId,
      user: `u${seat}` as UserId,
      watch: false,
      round: 0,
      version,
      versionEpoch,
    });
    return peer;
  }

  /** Simulates `kill -9`: from now on, the server writes and sends nothing. */
  stop(): void {
    this.isListed = false;
    clearInterval(this.auditing);
    this.effects.onModuleDestroy();
    for (const room of [...this.rooms.all()]) this.rooms.drop(room, 'evicted');
  }

  private async load(rooms: RoomTenure[]): Promise<unknown> {
    this.loadRequests += 1;
    if (this.loadAnswers === 'never') await this.isGivenUp;
    if (this.loadAnswers !== 'as it is') throw new HoldfastError('server-lost');
    return { results: await this.loader.load(rooms) };
  }
}

/** A room log in real Redis. A test can make it lose single answers, or can run code before a write. */
class WatchedLog extends RoomLog {
  beforeHandoff: () => void | Promise<void> = () => {};
  handoffAnswersToLose = 0;
  beforeCheckpoint: (room: RoomId) => void | Promise<void> = () => {};

  override async checkpoint(...args: Parameters<RoomLog['checkpoint']>): Promise<WriteResult> {
    await this.beforeCheckpoint(args[0]);
    return super.checkpoint(...args);
  }

  override async handoff(...args: Parameters<RoomLog['handoff']>): Promise<WriteResult> {
    await this.beforeHandoff();
    const result = await super.handoff(...args);
    if (this.handoffAnswersToLose === 0) return result;
    this.handoffAnswersToLose -= 1;
    return 'unknown';
  }
}

/** Replaces the check whether the store is settled. The test sets the answer. */
class TestSettlement {
  isSettled = true;
  readonly givenUp = new Set<ServerId>();
  private readonly waiters: (() => void)[] = [];
  private readonly listeners: ((generation: string) => void)[] = [];

  onSettled(listener: (generation: string) => void): void {
    this.listeners.push(listener);
  }

  onceSettled(waiter: () => void): void {
    this.waiters.push(waiter);
  }

  async whenSettled(): Promise<void> {
    if (!this.isSettled) throw new HoldfastError('unavailable');
  }

  isGivenUp({ id }: { id: ServerId }): boolean {
    return this.givenUp.has(id);
  }

  settle(): void {
    this.isSettled = true;
    for (const listener of this.listeners) listener('');
    for (const waiter of this.waiters.splice(0)) waiter();
  }
}
