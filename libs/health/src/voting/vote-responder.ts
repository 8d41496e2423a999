import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { sleep } from '#libs/async';
import { FleetEvents, FleetLinks, Self, ServerDirectory, type ServerRecord } from '#libs/fleet';
import type { ProbeResult } from '#libs/link';
import { SERVER_TYPES } from '#libs/protocol';
import { Log } from '#libs/telemetry';
import { PeerStoreLossDetector } from '../evidence/peer-store-loss-detector.js';
import { ServerDials } from '../evidence/server-dials.js';
import { CHECK_OPTIONS, type CheckOptions, PREPARED_INTERVALS, VERDICT_RETRY_MS, VOTE_MS } from '../health.options.js';
import { incarnationKey } from '../incarnation-key.js';
import { Verdicts } from './verdicts.js';
import { VoterProbe } from './voter-probe.js';

interface DialReport {
  readonly dialledAt: number;
  readonly found: ProbeResult;
  readonly wasLate: boolean;
}

/**
 * Votes about servers that this gateway does not check: after a vote of another gateway, and after the loss of the link to a server. Votes
 * only for a failure that this gateway has found itself, mostly by a dial. A refused dial needs no missed check, so a server whose process
 * has ended is evicted immediately.
 */
@Injectable()
export class VoteResponder implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  /** Incarnations that this class is dialling or voting about. */
  private readonly inProgress = new Set<string>();
  /** For each incarnation, the dial that began when another gateway marked the server as suspect. */
  private readonly prepared = new Map<string, Promise<DialReport>>();
  private readonly linkSilentListeners = new Set<(server: ServerRecord, dialledAt: number) => void>();
  private readonly unreachableVoteListeners = new Set<(server: ServerRecord) => void>();
  private isOpen = true;

  constructor(
    @Inject(CHECK_OPTIONS) private readonly options: CheckOptions,
    private readonly self: Self,
    private readonly directory: ServerDirectory,
    private readonly events: FleetEvents,
    private readonly links: FleetLinks,
    private readonly dials: ServerDials,
    private readonly verdicts: Verdicts,
    private readonly voterProbe: VoterProbe,
    private readonly storeLossDetector: PeerStoreLossDetector,
    private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.links.onLost((server) => void this.dialAndVote(server, 'refused'));
    this.events.on((event) => {
      const server = this.directory.get(event.server);
      const isOpen = server && server.incarnation === event.incarnation && server.state !== 'dead' && server.id !== this.self.id;
      if (!isOpen) return;
      if (event.kind === 'vote') this.secondVote(server, event.reason);
      else if (event.kind === 'state' && event.reason === 'suspect') this.prepareVote(server);
    });
  }

  /** Opens a link to every server, because the loss of the link is the first sign that a server has ended. */
  onApplicationBootstrap(): void {
    this.links.keep(SERVER_TYPES);
  }

  onModuleDestroy(): void {
    this.isOpen = false;
  }

  /** Calls the listener after the loss of a link, when the next dial got no answer. */
  onLinkSilent(listener: (server: ServerRecord, dialledAt: number) => void): void {
    this.linkSilentListeners.add(listener);
  }

  /** Calls the listener when another gateway voted that a server is unreachable. */
  onUnreachableVote(listener: (server: ServerRecord) => void): void {
    this.unreachableVoteListeners.add(listener);
  }

  private secondVote(server: ServerRecord, reason: string | undefined): void {
    switch (reason) {
      case 'unreachable':
        for (const listener of this.unreachableVoteListeners) listener(server);
        return;
      case 'store-lost':
        void this.secondStoreLoss(server);
        return;
      default:
        void this.dialAndVote(server, reason === 'silent' ? 'silent' : 'refused');
    }
  }

  private async secondStoreLoss(server: ServerRecord): Promise<void> {
    const key = incarnationKey(server);
    if (this.self.incarnation === 0 || this.inProgress.has(key)) return;
    this.inProgress.add(key);
    try {
      if (await this.storeLossDetector.isLost(server)) await this.verdicts.condemn(server, 'store-lost');
    } catch (error) {
      this.log.debug('verdict.not-seconded', { target: server.id, error });
    } finally {
      this.inProgress.delete(key);
    }
  }

  /** Dials a server as soon as another gateway has marked the server as suspect, so that a later vote does not wait for a dial. */
  private prepareVote(server: ServerRecord): void {
    const key = incarnationKey(server);
    if (this.prepared.has(key)) return;
    this.prepared.set(key, this.dial(server));
    setTimeout(() => this.prepared.delete(key), PREPARED_INTERVALS * this.options.intervalMs).unref();
  }

  private async dial(server: ServerRecord): Promise<DialReport> {
    const dialledAt = performance.now();
    const found = await this.dials.dial(server);
    // If this process was suspended or busy during the dial, the silence is no evidence against the server.
    const wasLate = performance.now() - dialledAt > 2 * this.dials.limitMs;
    return { dialledAt, found, wasLate };
  }

  /**
   * Dials the server and votes on the result, until the server is evicted or answers. Only the checker of a server can be sure that the
   * server is silent. So this gateway votes for `silent` only after the checker has found silence, too.
   *
   * @param finding the finding of the gateway that voted, or `refused` after the loss of a link
   */
  private async dialAndVote(server: ServerRecord, finding: 'refused' | 'silent'): Promise<void> {
    const key = incarnationKey(server);
    if (this.self.incarnation === 0 || this.inProgress.has(key)) return;
    this.inProgress.add(key);
    const deadline = performance.now() + VOTE_MS;
    let prepared = finding === 'silent' ? this.prepared.get(key) : undefined;
    try {
      while (this.isOpen && performance.now() < deadline) {
        const isPrepared = prepared !== undefined;
        const { dialledAt, found, wasLate } = await (prepared ?? this.dial(server));
        prepared = undefined;
        // Dials again if the dial that began at the suspicion did not find silence, because the server may have become silent after that
        // dial.
        if (isPrepared && found !== 'silent') continue;
        if (found === 'answered') return;
        if (found === 'silent' && wasLate) continue;
        if (found === 'silent' && finding === 'refused') {
          // A lost gateway and its checker may have failed at the same time. So this gateway also checks the lost gateway.
          if (server.type === 'gateway') this.voterProbe.probe([server.id]);
          for (const listener of this.linkSilentListeners) listener(server, dialledAt);
          return;
        }
        const outcome = await this.verdicts.condemn(server, found).catch(() => 'open' as const);
        if (outcome !== 'open' || found === 'silent' || this.options.dryRun) return;
        await sleep(VERDICT_RETRY_MS);
      }
    } finally {
      this.inProgress.delete(key);
    }
  }
}
