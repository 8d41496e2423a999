import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { EventSink, FleetEvents, FleetLinks, hasLeft, Self, ServerDirectory, type ServerRecord } from '#libs/fleet';
import type { ProbeResult } from '#libs/link';
import { SERVER_TYPES } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { Log, Metrics } from '#libs/telemetry';
import { votingGateways } from './checker-choice.js';
import { Eviction } from './eviction.js';
import { CHECK_OPTIONS, type CheckOptions, DIAL_INTERVALS, PREPARED_INTERVALS, VERDICT_RETRY_MS, VOTE_MS } from './health.options.js';
import { incarnationKey } from './incarnation-key.js';
import type { HoldReason } from './judge.js';
import { LostStore } from './lost-store.js';
import type { EvictionReason } from './ports.js';
import { VoterProbe } from './voter-probe.js';

/** `over`: nothing of this incarnation is left to judge. `open`: votes are missing, or it is a dry run. `acquitted`: it answered in time. */
export type VerdictOutcome = 'over' | 'open' | 'acquitted';

interface Observation {
  readonly dialledAt: number;
  readonly found: ProbeResult;
  readonly wasLate: boolean;
}

/**
 * Carries a verdict to its end: asks for the votes of the other gateways, and gives this one's when another asks,
 * always after dialling the server itself. A refused connection needs no round of checks: every gateway that loses
 * its link to a server dials it at once.
 */
@Injectable()
export class Verdicts implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  private readonly pursued = new Set<string>();
  /** By incarnation, what was found when its checker missed it. */
  private readonly prepared = new Map<string, Promise<Observation>>();
  private readonly suspected = new Set<(server: ServerRecord, dialledAt: number) => void>();
  /** By incarnation, since when votes on it are missing. */
  private readonly openSince = new Map<string, number>();
  /** By incarnation, why a verdict on it is held. */
  private readonly reported = new Map<string, Set<HoldReason>>();
  private readonly unreachableVoted = new Set<(server: ServerRecord) => void>();
  private isOpen = true;

  constructor(
    @Inject(CHECK_OPTIONS) private readonly options: CheckOptions,
    private readonly self: Self,
    private readonly redis: RedisConnections,
    private readonly directory: ServerDirectory,
    private readonly events: FleetEvents,
    private readonly links: FleetLinks,
    private readonly eviction: Eviction,
    private readonly voterProbe: VoterProbe,
    private readonly lostStore: LostStore,
    private readonly sink: EventSink,
    private readonly metrics: Metrics,
    private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.links.onLost((server) => void this.pursue(server, 'refused'));
    this.events.on((event) => {
      const server = this.directory.get(event.server);
      const isOpen = server && server.incarnation === event.incarnation && server.state !== 'dead' && server.id !== this.self.id;
      if (!isOpen) return;
      if (event.kind === 'vote') this.secondVote(server, event.reason);
      else if (event.kind === 'state' && event.reason === 'suspect') this.prepareVote(server);
    });
    this.directory.onChange(({ kind, server, before }) => {
      if (kind !== 'changed') this.clearReports(before ?? server);
    });
  }

  /** The loss of a link is the first sign of a death; other gateways are no exception. */
  onApplicationBootstrap(): void {
    this.links.keep(SERVER_TYPES);
  }

  onModuleDestroy(): void {
    this.isOpen = false;
  }

  /** A link was lost, and the dial that followed got no answer. */
  onSuspected(listener: (server: ServerRecord, dialledAt: number) => void): void {
    this.suspected.add(listener);
  }

  /** Another gateway voted that this server is unreachable. */
  onUnreachableVote(listener: (server: ServerRecord) => void): void {
    this.unreachableVoted.add(listener);
  }

  /** Rejects when the store is away: nothing is decided then. */
  async condemn(server: ServerRecord, reason: EvictionReason): Promise<VerdictOutcome> {
    if (this.options.dryRun) {
      this.reportHeld(server, 'dry-run', { reason });
      return 'open';
    }
    // Who left has said so, although its record is gone and its port closed.
    if (await hasLeft(this.redis.commands, server.id, server.incarnation)) return 'over';
    const gateways = votingGateways(this.directory.all()).map(({ id }) => id);
    const voters = gateways.includes(this.self.id) ? gateways : [...gateways, this.self.id];
    const answer = await this.eviction.vote(server, reason, voters);
    switch (answer.kind) {
      case 'evicted':
      case 'dead':
      case 'other':
        return 'over';
      case 'answered':
        return 'acquitted';
      case 'unheard':
        return 'open';
      case 'voted':
        this.reportWhenLong(server, { reason, votes: answer.votes, of: voters.length });
        await this.events.publish({ kind: 'vote', server: server.id, incarnation: server.incarnation, reason });
        this.voterProbe.probe(voters.filter((voter) => voter !== server.id));
        return 'open';
      default:
        return answer satisfies never;
    }
  }

  /** Reports, once an incarnation and reason, that a verdict is not acted on. */
  reportHeld(server: ServerRecord, reason: HoldReason, fields: Readonly<Record<string, unknown>> = {}): void {
    const reported = this.reported.get(incarnationKey(server)) ?? new Set();
    if (reported.has(reason)) return;
    this.reported.set(incarnationKey(server), reported.add(reason));
    this.metrics.evictionsHeld.inc({ reason });
    this.sink.publish({ kind: 'eviction.held', server: server.id, incarnation: server.incarnation, reason, detail: fields });
    this.log.warn('eviction.held', { target: server.id, incarnation: server.incarnation, held: reason, ...fields });
  }

  /** What was held may be held, and reported, again. */
  clearReports(server: ServerRecord): void {
    this.reported.delete(incarnationKey(server));
    this.openSince.delete(incarnationKey(server));
  }

  /** A member without a link port has no second path: its checks alone speak for it. */
  dial(server: ServerRecord): Promise<ProbeResult> {
    if (server.linkPort === 0) return Promise.resolve('silent');
    return this.links.probe(server, DIAL_INTERVALS * this.options.intervalMs);
  }

  /** Another gateway has voted. This one votes, too, if it finds the same by itself. */
  private secondVote(server: ServerRecord, reason: string | undefined): void {
    switch (reason) {
      case 'unreachable':
        for (const listener of this.unreachableVoted) listener(server);
        return;
      case 'store-lost':
        void this.secondLostStore(server);
        return;
      default:
        void this.pursue(server, reason === 'silent' ? 'silent' : 'refused');
    }
  }

  private async secondLostStore(server: ServerRecord): Promise<void> {
    if (this.self.incarnation === 0 || this.pursued.has(incarnationKey(server))) return;
    this.pursued.add(incarnationKey(server));
    try {
      if (await this.lostStore.isLost(server)) await this.condemn(server, 'store-lost');
    } catch (error) {
      this.log.debug('verdict.not-seconded', { target: server.id, error: String(error) });
    } finally {
      this.pursued.delete(incarnationKey(server));
    }
  }

  /** Asking for votes is no news, and over in a moment where all agree; that they do not come is. */
  private reportWhenLong(server: ServerRecord, fields: Readonly<Record<string, unknown>>): void {
    const now = performance.now();
    const since = this.openSince.get(incarnationKey(server)) ?? now;
    this.openSince.set(incarnationKey(server), since);
    if (now - since >= this.options.intervalMs) this.reportHeld(server, 'votes', fields);
  }

  /** Its checker missed it: dialled now, so that a vote on its silence, should there be one, is not a dial late. */
  private prepareVote(server: ServerRecord): void {
    const life = incarnationKey(server);
    if (this.prepared.has(life)) return;
    this.prepared.set(life, this.observe(server));
    setTimeout(() => this.prepared.delete(life), PREPARED_INTERVALS * this.options.intervalMs).unref();
  }

  private async observe(server: ServerRecord): Promise<Observation> {
    const dialledAt = performance.now();
    const found = await this.dial(server);
    // The time ran out because this process was away: that was no silence of theirs.
    const wasLate = performance.now() - dialledAt > 2 * DIAL_INTERVALS * this.options.intervalMs;
    return { dialledAt, found, wasLate };
  }

  /**
   * Dials, and votes on what it finds, until the matter is decided or there is nothing to vote on. `belief`: what the
   * one who asked had found; silence is seconded only where it was silence, since that needs the rounds of a checker.
   */
  private async pursue(server: ServerRecord, belief: 'refused' | 'silent'): Promise<void> {
    if (this.self.incarnation === 0 || this.pursued.has(incarnationKey(server))) return;
    this.pursued.add(incarnationKey(server));
    const deadline = performance.now() + VOTE_MS;
    let prepared = belief === 'silent' ? this.prepared.get(incarnationKey(server)) : undefined;
    try {
      while (this.isOpen && performance.now() < deadline) {
        const isPrepared = prepared !== undefined;
        const { dialledAt, found, wasLate } = await (prepared ?? this.observe(server));
        prepared = undefined;
        // What spoke a while ago may be silent by now.
        if (isPrepared && found !== 'silent') continue;
        if (found === 'answered') return;
        if (found === 'silent' && wasLate) continue;
        if (found === 'silent' && belief === 'refused') {
          // Its checker may be one that fell silent with it.
          if (server.type === 'gateway') this.voterProbe.probe([server.id]);
          for (const listener of this.suspected) listener(server, dialledAt);
          return;
        }
        const outcome = await this.condemn(server, found).catch(() => 'open' as const);
        if (outcome !== 'open' || found === 'silent' || this.options.dryRun) return;
        await new Promise((resolve) => setTimeout(resolve, VERDICT_RETRY_MS));
      }
    } finally {
      this.pursued.delete(incarnationKey(server));
    }
  }
}
