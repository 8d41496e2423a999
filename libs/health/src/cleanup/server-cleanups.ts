import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { ExtensionExplorer } from '#libs/extension';
import { LinkTrust, ServerDirectory, type ServerRecord } from '#libs/fleet';
import { RedisConnections } from '#libs/redis';
import { Log } from '#libs/telemetry';
import { CLEANUP_LEASE_MS, LEFT_CHECK_MS } from '../health.options.js';
import { incarnationKey } from '../incarnation-key.js';
import { EVICTION_REASONS, type EvictionReason, ServerEndListener } from '../ports.js';
import { claimCleanup } from '../scripts/claim-cleanup.js';

/**
 * Runs the cleanup of dead servers: calls all `ServerEndListener`s until none of them fails. The gateway that runs a cleanup renews a
 * lease. If the gateway dies, the lease expires and another gateway takes over the cleanup.
 */
@Injectable()
export class ServerCleanups implements OnModuleInit, OnModuleDestroy {
  private listeners: readonly ServerEndListener[] = [];
  /** Dead incarnations that this process cleans up at the moment. */
  private readonly inProgress = new Set<string>();
  private leftCheck: NodeJS.Timeout | null = null;

  constructor(
    private readonly ports: ExtensionExplorer,
    private readonly redis: RedisConnections,
    private readonly directory: ServerDirectory,
    private readonly trust: LinkTrust,
    private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.listeners = this.ports.all(ServerEndListener);
    this.directory.onChange(({ kind }) => {
      if (kind === 'evicted') this.checkLeftSoon();
    });
  }

  /**
   * Runs the listeners, unless this process already runs them for this incarnation. When a listener fails, all listeners run again after
   * the lease has expired. A gateway with an outvoted link secret releases the lease, and another gateway takes it. Never rejects.
   */
  async run(server: ServerRecord, reason: EvictionReason): Promise<void> {
    // An outvoted gateway has no links, so it could not ask other servers to adopt the rooms.
    if (this.trust.isOutvoted) return this.leaveToOthers(server);
    if (this.listeners.length === 0 || this.inProgress.has(incarnationKey(server))) return;
    this.inProgress.add(incarnationKey(server));
    const renewal = setInterval(() => void claimCleanup(this.redis.commands, server, 'renew').catch(() => {}), CLEANUP_LEASE_MS / 3);
    try {
      const outcomes = await Promise.allSettled(this.listeners.map(async (listener) => listener.ended(server, reason)));
      const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
      for (const { reason: error } of failed)
        this.log.error('server-end.failed', { target: server.id, incarnation: server.incarnation, error });
      if (failed.length === 0) await claimCleanup(this.redis.commands, server, 'complete');
    } catch (error) {
      this.log.warn('server-end.not-settled', { target: server.id, incarnation: server.incarnation, error });
    } finally {
      clearInterval(renewal);
      this.inProgress.delete(incarnationKey(server));
    }
  }

  onModuleDestroy(): void {
    if (this.leftCheck) clearTimeout(this.leftCheck);
  }

  private async leaveToOthers(server: ServerRecord): Promise<void> {
    this.log.warn('server-end.left-to-others', { target: server.id, incarnation: server.incarnation, reason: this.trust.problem });
    await claimCleanup(this.redis.commands, server, 'give-up').catch(() => false);
  }

  /**
   * Schedules a check of the cleanups after another gateway has evicted a server. If that gateway has released the lease on the cleanup of
   * the server, this gateway takes over the cleanup.
   */
  private checkLeftSoon(): void {
    this.leftCheck ??= setTimeout(() => {
      this.leftCheck = null;
      void this.takeOverExpired();
    }, LEFT_CHECK_MS);
    this.leftCheck.unref();
  }

  @Interval(CLEANUP_LEASE_MS / 2)
  async takeOverExpired(): Promise<void> {
    if (this.listeners.length === 0 || this.trust.isOutvoted) return;
    const open = this.directory
      .all()
      .filter((server) => server.state === 'dead' && server.settledAt === null && !this.inProgress.has(incarnationKey(server)));
    for (const server of open) {
      const taken = await claimCleanup(this.redis.commands, server, 'take').catch(() => false);
      if (taken) {
        this.log.warn('server-end.taken-up', { target: server.id, incarnation: server.incarnation });
        void this.run(server, EVICTION_REASONS.find((reason) => reason === server.deadReason) ?? 'silent');
      }
    }
  }
}
