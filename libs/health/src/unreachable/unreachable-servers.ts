import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { EventSink, FleetLinks, Self, ServerDirectory, type ServerRecord } from '#libs/fleet';
import type { ServerId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { Log, Readiness } from '#libs/telemetry';
import { isMassFailure } from '../evidence/mass-failure.js';
import { ServerDials } from '../evidence/server-dials.js';
import {
  CHECK_OPTIONS,
  type CheckOptions,
  CUT_OFF_MS,
  REPORT_MS,
  TICK_MS,
  UNREACHABLE_INTERVALS,
  UNREACHABLE_MS_MIN,
} from '../health.options.js';
import { reportUnreached } from '../scripts/report-unreached.js';
import { EvictionHolds } from '../voting/eviction-holds.js';
import { Verdicts } from '../voting/verdicts.js';
import { VoteResponder } from '../voting/vote-responder.js';
import { votingGateways } from '../voting/voting-gateways.js';
import { judgeUnreached } from './judge-unreached.js';

/** Minimum time since the last message on a link after which the link counts as silent, in ms. */
const SILENCE_KNOWN_AFTER_MS = 1_000;

/** A game server to which this gateway has no link, or only a silent link. All times are in ms of this process's monotonic clock. */
interface LostLink {
  readonly server: ServerRecord;
  readonly since: number;
  /** The time at which the last dial began. Null: this gateway has not dialed yet. */
  dialledAt: number | null;
  /** True: a dial got no answer, so this gateway may report the server. */
  isUnreached: boolean;
  reportedSince: number | null;
  reportAt: number;
  heldSince: number | null;
  isLocal: boolean;
  isBusy: boolean;
}

/**
 * Finds game servers that answer health checks but that this gateway cannot reach by link. The players of these servers wait. The gateway
 * dials the server, stores a report in the server's record, and counts the gateways with a report. A majority of the gateways evicts the
 * server as `unreachable`, by votes. A gateway without a majority is cut off itself. The edge reads `locallyUnreachable` and sends the
 * affected players to other gateways.
 */
@Injectable()
export class UnreachableServers implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  private readonly lost = new Map<ServerId, LostLink>();
  private readonly afterMs: number;
  private lastTickAt = performance.now();
  private isOpen = false;

  constructor(
    @Inject(CHECK_OPTIONS) private readonly options: CheckOptions,
    private readonly self: Self,
    private readonly redis: RedisConnections,
    private readonly directory: ServerDirectory,
    private readonly links: FleetLinks,
    private readonly dials: ServerDials,
    private readonly verdicts: Verdicts,
    private readonly responder: VoteResponder,
    private readonly holds: EvictionHolds,
    private readonly sink: EventSink,
    private readonly log: Log,
    private readonly readiness: Readiness,
  ) {
    this.afterMs = Math.max(UNREACHABLE_MS_MIN, UNREACHABLE_INTERVALS * options.intervalMs);
  }

  onModuleInit(): void {
    this.readiness.add('links', () => this.whyNotReady());
  }

  onApplicationBootstrap(): void {
    // When another gateway votes, repeats this gateway's report at once. The number of reports decides whether this gateway also votes.
    this.responder.onUnreachableVote((server) => {
      const lost = this.lost.get(server.id);
      if (lost?.reportedSince != null) void this.report(lost);
    });
    this.isOpen = true;
  }

  onModuleDestroy(): void {
    this.isOpen = false;
  }

  /** The game servers that only this gateway cannot reach. */
  get locallyUnreachable(): ReadonlySet<ServerId> {
    const ids = new Set<ServerId>();
    for (const { server, isLocal } of this.lost.values()) if (isLocal) ids.add(server.id);
    return ids;
  }

  @Interval(2 * TICK_MS)
  tick(): void {
    const now = performance.now();
    const wasLate = now - this.lastTickAt > REPORT_MS + 2 * TICK_MS;
    this.lastTickAt = now;
    if (!this.isOpen || this.self.incarnation === 0 || this.self.state === 'dead') return;
    // This process was suspended or busy and has not read its links yet. So a silent link is no evidence against its server.
    if (wasLate) this.lost.clear();
    this.updateLost(now);
    for (const lost of this.lost.values()) {
      if (now - lost.since < this.afterMs) continue;
      if (!lost.isUnreached) this.dialIfDue(lost, now);
      else if (now >= lost.reportAt) void this.report(lost);
    }
  }

  private updateLost(now: number): void {
    for (const [id, { server }] of this.lost) {
      if (!this.isWatched(this.directory.get(id), server.incarnation)) this.lost.delete(id);
    }
    for (const server of this.directory.byType('game')) {
      if (!this.isWatched(server, server.incarnation)) continue;
      const known = this.lost.get(server.id);
      if (this.links.isWell(server)) {
        if (known) this.reportReachable(known);
        continue;
      }
      if (known) continue;
      const isSilent = this.links.get(server.id)?.isOpen === true;
      this.lost.set(server.id, {
        server,
        since: isSilent ? now - SILENCE_KNOWN_AFTER_MS : now,
        dialledAt: null,
        isUnreached: false,
        reportedSince: null,
        reportAt: 0,
        heldSince: null,
        isLocal: false,
        isBusy: false,
      });
      // Dials early enough to know the result when the first report is due.
      if (isSilent) this.dialIfDue(this.lost.get(server.id) as LostLink, now);
    }
  }

  private isWatched(server: ServerRecord | undefined, incarnation: number): boolean {
    return (
      server !== undefined &&
      server.incarnation === incarnation &&
      server.linkPort > 0 &&
      (server.state === 'ready' || server.state === 'draining')
    );
  }

  private reportReachable(lost: LostLink): void {
    const { server, reportedSince } = lost;
    this.lost.delete(server.id);
    if (reportedSince === null) return;
    this.redis.commands.hdel(server.id, `unreached:${this.self.id}`).catch(() => {});
    this.log.info('server.reachable', { target: server.id, incarnation: server.incarnation });
    this.sink.publish({ kind: 'server.reachable', server: server.id, incarnation: server.incarnation, reason: 'link-restored' });
    this.holds.clear(server);
  }

  private dialIfDue(lost: LostLink, now: number): void {
    if (lost.isBusy || (lost.dialledAt !== null && now - lost.dialledAt < this.options.intervalMs)) return;
    lost.isBusy = true;
    lost.dialledAt = now;
    void this.dials.dial(lost.server).then((found) => {
      lost.isBusy = false;
      // The server answers health checks. So a refused dial means that the network refuses the dial or that this gateway has a wrong
      // address.
      if (found !== 'answered') lost.isUnreached = true;
      else this.replaceIfDead(lost);
    });
  }

  /**
   * Closes a link that stays silent although the server answers on a new connection. The gateway then dials the server again. Does not
   * close the link of a server that was suspended for a short time, because the server answers on the link within `SILENCE_KNOWN_AFTER_MS`.
   */
  private replaceIfDead({ server }: LostLink): void {
    const peer = this.links.get(server.id);
    if (!peer) return;
    setTimeout(() => {
      if (this.isOpen && this.links.get(server.id) === peer && peer.isSilent) peer.close('silent, while a new connection is answered');
    }, SILENCE_KNOWN_AFTER_MS).unref();
  }

  /**
   * Stores the report, counts the reports and acts on the count. Never rejects: after an error, the gateway reports again after
   * `REPORT_MS`.
   */
  private async report(lost: LostLink): Promise<void> {
    if (lost.isBusy) return;
    lost.isBusy = true;
    const { server } = lost;
    try {
      const found = votingGateways(this.directory.all()).map(({ id }) => id);
      const gateways = found.includes(this.self.id) ? found : [...found, this.self.id];
      const answer = await reportUnreached(this.redis.commands, server, this.self.id, gateways);
      const now = performance.now();
      lost.reportAt = now + REPORT_MS;
      // This gateway has reached the server again, or the server has left.
      if (this.lost.get(server.id) !== lost || answer.kind === 'over') return;
      if (answer.kind === 'unheard') {
        // Every server needs a moment to answer a check. So one check that waits for its answer changes nothing. If the server has already
        // missed a check, its checker judges it, and this gateway no longer regards it as unreachable.
        if (this.directory.get(server.id)?.suspect === 0) return;
        lost.reportedSince = null;
        lost.heldSince = null;
        lost.isLocal = false;
        return;
      }
      // Does not act on the first report, because a server that continues after a suspension can answer a check a moment before it answers
      // on its links.
      if (lost.reportedSince === null) return this.announceUnreachable(lost, answer.reports, gateways.length, now);
      await this.judge(lost, answer, gateways.length, now);
    } catch (error) {
      lost.reportAt = performance.now() + REPORT_MS;
      this.log.debug('health.report-failed', { target: server.id, error });
    } finally {
      lost.isBusy = false;
    }
  }

  private async judge(
    lost: LostLink,
    { reports, rooms }: { readonly reports: number; readonly rooms: number },
    gateways: number,
    now: number,
  ): Promise<void> {
    const { server, reportedSince, heldSince } = lost;
    const judgement = judgeUnreached({
      reports,
      gateways,
      rooms,
      othersReached: this.directory.byType('game').some((other) => other.state === 'ready' && this.links.isWell(other)),
      many: this.isMassUnreached(),
      heldForMs: heldSince === null ? 0 : now - heldSince,
      holdMs: this.options.holdMs,
      reportedForMs: now - (reportedSince ?? now),
      cutOffMs: CUT_OFF_MS,
    });
    lost.isLocal = judgement.kind === 'alone';
    switch (judgement.kind) {
      case 'wait':
      case 'alone':
        return;
      case 'held':
        lost.heldSince ??= now;
        return this.holds.report(server, 'many', { reason: 'unreachable', reports, of: gateways });
      case 'condemned':
        await this.verdicts.condemn(server, 'unreachable');
        return;
      default:
        return judgement satisfies never;
    }
  }

  private announceUnreachable(lost: LostLink, reports: number, gateways: number, now: number): void {
    const { id, incarnation } = lost.server;
    lost.reportedSince = now;
    this.log.warn('server.unreachable', { target: id, incarnation, reports, of: gateways });
    this.sink.publish({
      kind: 'server.unreachable',
      server: id,
      incarnation,
      reason: this.links.get(id)?.isOpen ? 'link-silent' : 'no-link',
      detail: { reports, of: gateways },
    });
  }

  private isMassUnreached(): boolean {
    let unreached = 0;
    for (const { reportedSince } of this.lost.values()) if (reportedSince !== null) unreached += 1;
    return isMassFailure(unreached, this.directory.byType('game').filter(({ state }) => state !== 'dead').length);
  }

  /** Returns the reason why this gateway is not ready: it reaches no game server, but other gateways do. Null: this gateway is ready. */
  private whyNotReady(): string | null {
    const { locallyUnreachable: servers } = this;
    if (servers.size === 0) return null;
    const ready = this.directory.byType('game').filter(({ state }) => state === 'ready');
    return ready.every(({ id }) => servers.has(id)) ? 'this gateway reaches no game server, and other gateways reach them' : null;
  }
}
