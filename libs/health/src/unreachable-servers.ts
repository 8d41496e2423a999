import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { EventSink, FleetLinks, Self, ServerDirectory, type ServerRecord } from '#libs/fleet';
import type { ServerId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { Log, Readiness } from '#libs/telemetry';
import { judges } from './checker-choice.js';
import {
  ALONE_MS,
  CHECK_OPTIONS,
  type CheckOptions,
  REPORT_MS,
  TICK_MS,
  UNREACHABLE_INTERVALS,
  UNREACHABLE_MS_MIN,
} from './health.options.js';
import { judgeUnreached } from './judge-unreached.js';
import { areMany } from './many-at-once.js';
import { reportUnreached } from './scripts/report-unreached.js';
import { Verdicts } from './verdicts.js';

/** A link is told silent a second after the last word at the soonest. */
const SILENCE_KNOWN_AFTER_MS = 1_000;

/** A game server to which this gateway has no link that speaks. Times are of the monotonic clock of this process, in ms. */
interface Lost {
  readonly server: ServerRecord;
  readonly since: number;
  /** When the last dial began; null: none yet. */
  dialledAt: number | null;
  /** The dial found nobody. Until then nothing is said. */
  isUnreached: boolean;
  reportedSince: number | null;
  reportAt: number;
  heldSince: number | null;
  isAlone: boolean;
  isBusy: boolean;
}

/**
 * Game servers that the store hears and this gateway cannot reach by link. A server in this state keeps its players waiting, and no
 * health check misses it. The gateway dials it, reports what it found at the server's record, and counts the gateways that report the
 * same. A majority evicts the server as `unreachable`, by the votes of every verdict. A gateway that stays alone with its report is
 * cut off itself: `onAlone` tells the edge, which sends its players to other gateways.
 */
@Injectable()
export class UnreachableServers implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly lost = new Map<ServerId, Lost>();
  private readonly aloneListeners: (() => void)[] = [];
  private readonly afterMs: number;
  private lastTickAt = performance.now();
  private isOpen = false;

  constructor(
    @Inject(CHECK_OPTIONS) private readonly options: CheckOptions,
    private readonly self: Self,
    private readonly redis: RedisConnections,
    private readonly directory: ServerDirectory,
    private readonly links: FleetLinks,
    private readonly verdicts: Verdicts,
    private readonly sink: EventSink,
    private readonly log: Log,
    readiness: Readiness,
  ) {
    this.afterMs = Math.max(UNREACHABLE_MS_MIN, UNREACHABLE_INTERVALS * options.intervalMs);
    readiness.add('links', () => this.whyNotReady());
  }

  onApplicationBootstrap(): void {
    // Another gateway votes: what is known here is said at once.
    this.verdicts.onUnreachableVote((server) => {
      const lost = this.lost.get(server.id);
      if (lost?.reportedSince != null) void this.report(lost);
    });
    this.isOpen = true;
  }

  onModuleDestroy(): void {
    this.isOpen = false;
  }

  /** Servers that other gateways reach and this one does not. */
  get alone(): ReadonlySet<ServerId> {
    const alone = new Set<ServerId>();
    for (const { server, isAlone } of this.lost.values()) if (isAlone) alone.add(server.id);
    return alone;
  }

  /** Told when `alone` has grown. */
  onAlone(listener: () => void): void {
    this.aloneListeners.push(listener);
  }

  @Interval(2 * TICK_MS)
  tick(): void {
    const now = performance.now();
    const wasLate = now - this.lastTickAt > REPORT_MS + 2 * TICK_MS;
    this.lastTickAt = now;
    if (!this.isOpen || this.self.incarnation === 0 || this.self.state === 'dead') return;
    // It was this process that slept: its links have not been read yet.
    if (wasLate) this.lost.clear();
    this.lookAtLinks(now);
    for (const lost of this.lost.values()) {
      if (now - lost.since < this.afterMs) continue;
      if (!lost.isUnreached) this.dialIfDue(lost, now);
      else if (now >= lost.reportAt) void this.report(lost);
    }
  }

  private lookAtLinks(now: number): void {
    for (const [id, { server }] of this.lost) {
      if (!this.isWatched(this.directory.get(id), server.incarnation)) this.lost.delete(id);
    }
    for (const server of this.directory.byType('game')) {
      if (!this.isWatched(server, server.incarnation)) continue;
      const known = this.lost.get(server.id);
      if (this.links.isWell(server)) {
        if (known) this.reachedAgain(known);
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
        isAlone: false,
        isBusy: false,
      });
      // In parallel with the rest of the wait: what it finds is needed at its end.
      if (isSilent) this.dialIfDue(this.lost.get(server.id) as Lost, now);
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

  private reachedAgain(lost: Lost): void {
    const { server, reportedSince } = lost;
    this.lost.delete(server.id);
    if (reportedSince === null) return;
    this.redis.commands.hdel(server.id, `unreached:${this.self.id}`).catch(() => {});
    this.log.info('server.reachable', { target: server.id, incarnation: server.incarnation });
    this.sink.tell({ kind: 'server.reachable', server: server.id, incarnation: server.incarnation, reason: 'link-restored' });
    this.verdicts.release(server);
  }

  private dialIfDue(lost: Lost, now: number): void {
    if (lost.isBusy || (lost.dialledAt !== null && now - lost.dialledAt < this.options.intervalMs)) return;
    lost.isBusy = true;
    lost.dialledAt = now;
    void this.verdicts.dial(lost.server).then((found) => {
      lost.isBusy = false;
      // Refused, while the store hears it: something on the way refuses, or this gateway knows an address that is not the server's.
      if (found !== 'answered') lost.isUnreached = true;
      else this.replaceIfDead(lost);
    });
  }

  /**
   * It speaks on a new connection. A server that wakes speaks on its link a moment later, too; a link that stays silent leads nowhere
   * any more, and is closed, so that it is dialled anew.
   */
  private replaceIfDead({ server }: Lost): void {
    const peer = this.links.get(server.id);
    if (!peer) return;
    setTimeout(() => {
      if (this.isOpen && this.links.get(server.id) === peer && peer.isSilent) peer.close('silent, while a new connection is answered');
    }, SILENCE_KNOWN_AFTER_MS).unref();
  }

  /** Says so, learns who says the same, and acts on it. Never rejects: a store that is away decides nothing. */
  private async report(lost: Lost): Promise<void> {
    if (lost.isBusy) return;
    lost.isBusy = true;
    const { server } = lost;
    try {
      const found = judges(this.directory.all()).map(({ id }) => id);
      const gateways = found.includes(this.self.id) ? found : [...found, this.self.id];
      const answer = await reportUnreached(this.redis.commands, server, this.self.id, gateways);
      const now = performance.now();
      lost.reportAt = now + REPORT_MS;
      // Heard of again, or gone, while the answer was on its way.
      if (this.lost.get(server.id) !== lost || answer.kind === 'over') return;
      if (answer.kind === 'unheard') {
        // The record also says so between each health check and its answer. That is no news about the server.
        if (this.directory.get(server.id)?.suspect === 0) return;
        lost.reportedSince = null;
        lost.heldSince = null;
        lost.isAlone = false;
        return;
      }
      // The first one only counts: a server that wakes answers the store and its links in the same moment, in any order.
      if (lost.reportedSince === null) return this.tellUnreachable(lost, answer.reports, gateways.length, now);
      await this.judge(lost, answer, gateways.length, now);
    } catch (error) {
      lost.reportAt = performance.now() + REPORT_MS;
      this.log.debug('health.report-failed', { target: server.id, error: String(error) });
    } finally {
      lost.isBusy = false;
    }
  }

  private async judge(
    lost: Lost,
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
      many: this.areManyUnreached(),
      heldForMs: heldSince === null ? 0 : now - heldSince,
      holdMs: this.options.holdMs,
      reportedForMs: now - (reportedSince ?? now),
      aloneMs: ALONE_MS,
    });
    const wasAlone = lost.isAlone;
    lost.isAlone = judgement.kind === 'alone';
    switch (judgement.kind) {
      case 'wait':
        return;
      case 'alone':
        if (!wasAlone) for (const listener of this.aloneListeners) listener();
        return;
      case 'held':
        lost.heldSince ??= now;
        return this.verdicts.hold(server, 'many', { reason: 'unreachable', reports, of: gateways });
      case 'condemned':
        await this.verdicts.condemn(server, 'unreachable');
        return;
      default:
        return judgement satisfies never;
    }
  }

  private tellUnreachable(lost: Lost, reports: number, gateways: number, now: number): void {
    const { id, incarnation } = lost.server;
    lost.reportedSince = now;
    this.log.warn('server.unreachable', { target: id, incarnation, reports, of: gateways });
    this.sink.tell({
      kind: 'server.unreachable',
      server: id,
      incarnation,
      reason: this.links.get(id)?.isOpen ? 'link-silent' : 'no-link',
      detail: { reports, of: gateways },
    });
  }

  private areManyUnreached(): boolean {
    let unreached = 0;
    for (const { reportedSince } of this.lost.values()) if (reportedSince !== null) unreached += 1;
    return areMany(unreached, this.directory.byType('game').filter(({ state }) => state !== 'dead').length);
  }

  /** A gateway that reaches no game server, while other gateways do, is of no use to players. */
  private whyNotReady(): string | null {
    const { alone } = this;
    if (alone.size === 0) return null;
    const ready = this.directory.byType('game').filter(({ state }) => state === 'ready');
    return ready.every(({ id }) => alone.has(id)) ? 'no game server can be reached from here, and other gateways reach them' : null;
  }
}
