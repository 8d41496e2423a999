import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Self, ServerDirectory, type ServerRecord } from '#libs/fleet';
import type { ServerId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { Log, Metrics } from '#libs/telemetry';
import { PeerStoreLossDetector } from '../evidence/peer-store-loss-detector.js';
import { ServerDials } from '../evidence/server-dials.js';
import { BATCH_MAX, CHECK_OPTIONS, type CheckOptions, TICK_MS } from '../health.options.js';
import { type CheckedRecord, checkServers } from '../scripts/check.js';
import { EvictionHolds } from '../voting/eviction-holds.js';
import { Verdicts } from '../voting/verdicts.js';
import { VoteResponder } from '../voting/vote-responder.js';
import { votingGateways } from '../voting/voting-gateways.js';
import { checkerOf } from './checker-choice.js';
import { EligibilityMarks } from './eligibility-marks.js';
import { MassFailures } from './mass-failures.js';
import { SelfCheck } from './self-check.js';
import { type MonitorContext, ServerMonitor } from './server-monitor.js';

/**
 * Decides which servers this gateway checks, and checks them. One script call reads the answers to the last checks and sends the next
 * checks. The `ServerMonitor` of each server judges the answer. Each server has its own time within the interval, so that the checks are
 * spread evenly.
 */
@Injectable()
export class HealthChecker implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly monitors = new Map<ServerId, ServerMonitor>();
  private readonly massFailures: MassFailures;
  private readonly context: MonitorContext;
  private isOpen = false;
  private fleetChanged = true;
  private round: Promise<void> | null = null;
  private share = 0;

  constructor(
    @Inject(CHECK_OPTIONS) private readonly options: CheckOptions,
    private readonly self: Self,
    private readonly redis: RedisConnections,
    private readonly directory: ServerDirectory,
    private readonly selfCheck: SelfCheck,
    private readonly responder: VoteResponder,
    private readonly log: Log,
    verdicts: Verdicts,
    holds: EvictionHolds,
    dials: ServerDials,
    storeLossDetector: PeerStoreLossDetector,
    marks: EligibilityMarks,
    metrics: Metrics,
  ) {
    const others = (): ServerRecord[] => directory.all().filter(({ id }) => id !== self.id);
    this.massFailures = new MassFailures(options.intervalMs, others, (id) => this.monitors.get(id));
    const { massFailures } = this;
    const onOver = (monitor: ServerMonitor): void => this.drop(monitor);
    this.context = {
      options,
      self: selfCheck,
      dials,
      massFailures,
      storeLossDetector: storeLossDetector,
      holds,
      verdicts,
      marks,
      directory,
      metrics,
      log,
      onOver,
    };
  }

  onApplicationBootstrap(): void {
    this.directory.onChange((change) => {
      this.fleetChanged = true;
      // Without an earlier record, the time of the death is unknown. So this death does not count as a new failure.
      if (change.kind === 'evicted' && change.before) this.massFailures.recordDeath(performance.now());
    });
    this.responder.onLinkSilent(({ id, incarnation }, dialledAt) => {
      const monitor = this.monitors.get(id);
      if (monitor?.server.incarnation === incarnation) monitor.linkLost(dialledAt);
    });
    this.selfCheck.tick(performance.now());
    this.isOpen = true;
  }

  onModuleDestroy(): void {
    this.isOpen = false;
  }

  /** Runs the self-check and the monitors. Starts a round of checks if the previous round has ended. */
  @Interval(TICK_MS)
  tick(): void {
    const now = performance.now();
    const wasLate = this.selfCheck.tick(now);
    if (!this.isOpen || this.self.incarnation === 0 || this.self.state === 'dead') return;
    if (wasLate) this.selfCheck.reportVoid('loop-late');
    this.assignServers(now);
    this.selfCheck.checkRedisIfDue(now);
    for (const monitor of this.monitors.values()) monitor.tick(now);
    if (this.round) return;
    const due = [...this.monitors.values()].filter((monitor) => monitor.isDue(now)).slice(0, BATCH_MAX);
    if (due.length === 0) return;
    this.round = this.check(due)
      .catch((error: unknown) => this.log.error('health.round-failed', { error }))
      .finally(() => {
        this.round = null;
      });
  }

  private async check(due: readonly ServerMonitor[]): Promise<void> {
    const sentAt = performance.now();
    let records: (CheckedRecord | null)[];
    try {
      records = await checkServers(
        this.redis.commands,
        due.map(({ server }) => server.id),
      );
    } catch (error) {
      this.selfCheck.distrust('store-unreachable', { error });
      for (const monitor of due) monitor.postpone(sentAt);
      return;
    }
    const now = performance.now();
    if (now - sentAt > this.options.intervalMs) this.selfCheck.distrust('store-slow', { tookMs: Math.round(now - sentAt) });
    for (const [index, monitor] of due.entries()) {
      // Drops the answer when another gateway has become the checker of the server since the check was sent, or when the incarnation has
      // ended.
      if (this.monitors.get(monitor.server.id) === monitor) monitor.receive(records[index] ?? null, sentAt, now);
    }
  }

  /**
   * Chooses the servers that this gateway checks, after a change of the fleet. A new server in this choice starts with no missed checks.
   */
  private assignServers(now: number): void {
    if (!this.fleetChanged) return;
    this.fleetChanged = false;
    const servers = this.directory.all();
    const gateways = votingGateways(servers).map(({ id }) => id);
    const assigned = new Map(servers.filter((server) => this.isAssigned(server, gateways)).map((server) => [server.id, server]));
    for (const id of this.monitors.keys()) if (!assigned.has(id)) this.monitors.delete(id);
    for (const server of assigned.values()) {
      const monitor = this.monitors.get(server.id);
      if (monitor?.server.incarnation === server.incarnation) monitor.update(server);
      else this.monitors.set(server.id, new ServerMonitor(this.context, server, now, now + this.nextShare() * this.options.intervalMs));
    }
  }

  private isAssigned({ id, state }: ServerRecord, gateways: readonly ServerId[]): boolean {
    return id !== this.self.id && state !== 'dead' && checkerOf(id, gateways) === this.self.id;
  }

  private drop(monitor: ServerMonitor): void {
    const { id } = monitor.server;
    if (this.monitors.get(id) === monitor) this.monitors.delete(id);
    void this.directory.refresh();
  }

  /**
   * Returns the time of the first check of the next server, as a fraction of the interval from 0 to 1. The fractions are multiples of the
   * golden ratio modulo 1, which are spread evenly.
   */
  private nextShare(): number {
    this.share = (this.share + 0.618_034) % 1;
    return this.share;
  }
}
