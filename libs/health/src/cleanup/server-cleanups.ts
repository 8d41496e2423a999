import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { LinkTrust, ServerDirectory, type ServerRecord } from '#libs/fleet';
import { RedisConnections } from '#libs/redis';
import { Log } from '#libs/telemetry';
import { CHECKER_OPTIONS, CLEANUP_LEASE_MS, type HealthCheckerOptions, LEFT_CHECK_MS } from '../health.options.js';
import { incarnationKey } from '../incarnation-key.js';
import { EVICTION_REASONS, type EvictionReason, type ServerEndListener } from '../ports.js';
import { claimCleanup } from '../scripts/claim-cleanup.js';

/**
 * Sees to the work that a dead server's end makes, until all of it is done. The work is claimed, and the claim kept
 * alive meanwhile: should this process die in the middle, another finds the claim lapsed and takes it up.
 */
@Injectable()
export class ServerCleanups implements OnApplicationBootstrap, OnModuleDestroy {
  private listeners: readonly ServerEndListener[] = [];
  /** Whose end is being seen to here. */
  private readonly underWay = new Set<string>();
  private sweeping: NodeJS.Timeout | null = null;
  private leftCheck: NodeJS.Timeout | null = null;

  constructor(
    @Inject(CHECKER_OPTIONS) private readonly options: HealthCheckerOptions,
    private readonly modules: ModuleRef,
    private readonly redis: RedisConnections,
    private readonly directory: ServerDirectory,
    private readonly trust: LinkTrust,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.listeners = (this.options.ends ?? []).map((type) => this.modules.get(type, { strict: false }));
    this.sweeping = setInterval(() => void this.takeOverExpired(), CLEANUP_LEASE_MS / 2);
    this.sweeping.unref();
    this.directory.onChange(({ kind }) => {
      if (kind === 'evicted') this.checkLeftSoon();
    });
  }

  /** Runs the listeners; what fails is tried again when the claim has lapsed. Never rejects. */
  async run(server: ServerRecord, reason: EvictionReason): Promise<void> {
    // No other server would take what this one has to give away.
    if (this.trust.isOutvoted) return this.leaveToOthers(server);
    if (this.listeners.length === 0 || this.underWay.has(incarnationKey(server))) return;
    this.underWay.add(incarnationKey(server));
    const keeping = setInterval(() => void claimCleanup(this.redis.commands, server, 'renew').catch(() => {}), CLEANUP_LEASE_MS / 3);
    try {
      const outcomes = await Promise.allSettled(this.listeners.map(async (listener) => listener.ended(server, reason)));
      const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
      for (const { reason: error } of failed)
        this.log.error('server-end.failed', { target: server.id, incarnation: server.incarnation, error });
      if (failed.length === 0) await claimCleanup(this.redis.commands, server, 'complete');
    } catch (error) {
      this.log.warn('server-end.not-settled', { target: server.id, incarnation: server.incarnation, error });
    } finally {
      clearInterval(keeping);
      this.underWay.delete(incarnationKey(server));
    }
  }

  onModuleDestroy(): void {
    if (this.sweeping) clearInterval(this.sweeping);
    if (this.leftCheck) clearTimeout(this.leftCheck);
  }

  private async leaveToOthers(server: ServerRecord): Promise<void> {
    this.log.warn('server-end.left-to-others', { target: server.id, incarnation: server.incarnation, reason: this.trust.why });
    await claimCleanup(this.redis.commands, server, 'give-up').catch(() => false);
  }

  /** A verdict has fallen elsewhere: if the one who carried it out leaves its work to others, that is known soon after. */
  private checkLeftSoon(): void {
    this.leftCheck ??= setTimeout(() => {
      this.leftCheck = null;
      void this.takeOverExpired();
    }, LEFT_CHECK_MS);
    this.leftCheck.unref();
  }

  private async takeOverExpired(): Promise<void> {
    if (this.listeners.length === 0 || this.trust.isOutvoted) return;
    const open = this.directory
      .all()
      .filter((server) => server.state === 'dead' && server.settledAt === null && !this.underWay.has(incarnationKey(server)));
    for (const server of open) {
      const taken = await claimCleanup(this.redis.commands, server, 'take').catch(() => false);
      if (taken) {
        this.log.warn('server-end.taken-up', { target: server.id, incarnation: server.incarnation });
        void this.run(server, EVICTION_REASONS.find((reason) => reason === server.deadReason) ?? 'silent');
      }
    }
  }
}
