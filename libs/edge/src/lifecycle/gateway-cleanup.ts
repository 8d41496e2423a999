import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { ConsecutiveSightings, sleep } from '#libs/async';
import { Extension } from '#libs/extension';
import { Self, ServerDirectory, type ServerRecord } from '#libs/fleet';
import { type EvictionReason, ServerEndListener } from '#libs/health';
import type { SessionId, UserId } from '#libs/protocol';
import { RedisConnections, RedisLease, redisName } from '#libs/redis';
import { UserRooms } from '#libs/room-store';
import { type GatewayIncarnation, GatewaySessionIndex, SessionStore } from '#libs/session';
import { StoreSettlement } from '#libs/settlement';
import { Log } from '#libs/telemetry';
import { AWAY_AFTER_MS, AWAY_AT_ONCE, AWAY_RETRY_MS, CLEANUP_LEASE_MS, GATEWAY_SWEEP_MS } from '../edge.options.js';
import { LobbyRouter } from '../lobby/lobby-router.js';

/** A user whose session was at the ended gateway, with the number of the user's last admission. */
interface AbsentUser {
  readonly user: UserId;
  readonly admissionNumber: number;
}

/**
 * Marks the users of an ended gateway as away, unless they have reconnected. A gateway ends when it is evicted, when it says goodbye, or
 * when its name registers again. A sweep finds ended gateways whose event was lost. The cleanup can run twice, in two processes at the same
 * time, or can stop at any point. It removes a session from the gateway's index in the store only after it has handled the session, so that
 * a repeated cleanup finds the remaining sessions.
 */
@Injectable()
@Extension(ServerEndListener)
export class GatewayCleanup extends ServerEndListener implements OnModuleInit, OnModuleDestroy {
  private isOver = false;
  /**
   * Incarnations of gateways that were not alive at the last sweep. A cleanup begins only when the next sweep finds the incarnation again,
   * because the server may be about to register.
   */
  private readonly missing = new ConsecutiveSightings();

  constructor(
    private readonly index: GatewaySessionIndex,
    private readonly sessions: SessionStore,
    private readonly userRooms: UserRooms,
    private readonly directory: ServerDirectory,
    private readonly lobbies: LobbyRouter,
    private readonly redis: RedisConnections,
    private readonly self: Self,
    private readonly log: Log,
    private readonly settlement: StoreSettlement,
  ) {
    super();
  }

  onModuleInit(): void {
    this.directory.onChange(({ kind, server, before }) => {
      if (server.type !== 'gateway') return;
      if (kind === 'left') void this.claimAndCleanUp({ gateway: server.id, incarnation: server.incarnation });
      else if (kind === 'registered' && before && before.incarnation !== server.incarnation)
        void this.claimAndCleanUp({ gateway: before.id, incarnation: before.incarnation });
    });
  }

  onModuleDestroy(): void {
    this.isOver = true;
  }

  override async ended({ id, type, incarnation }: ServerRecord, _reason: EvictionReason): Promise<void> {
    if (type === 'gateway') await this.cleanUp({ gateway: id, incarnation });
  }

  /**
   * Marks the users without a connection as away, and removes their sessions from the gateway's index in the store. Rejects when the store
   * does not answer, or when this process ends before a lobby has answered. A later sweep then repeats the cleanup.
   */
  private async cleanUp(gateway: GatewayIncarnation): Promise<void> {
    // Most players reconnect within this time, so they are not reported as away.
    await sleep(AWAY_AFTER_MS);
    let away = 0;
    const all = await this.index.sessionsOf(gateway);
    for (let at = 0; at < all.length; at += AWAY_AT_ONCE) {
      const sessions = all.slice(at, at + AWAY_AT_ONCE);
      const absent = await this.findAbsent(sessions, gateway);
      if (absent.length > 0) await this.reportAway(absent);
      away += absent.length;
      await this.index.removeSessions(sessions, gateway);
    }
    await this.index.remove(gateway);
    if (all.length > 0)
      this.log.info('gateway-end.done', { target: gateway.gateway, incarnation: gateway.incarnation, sessions: all.length, away });
  }

  /** Returns the users whose session is neither at another gateway nor at the next incarnation of the ended gateway. */
  private async findAbsent(sessions: readonly SessionId[], { gateway, incarnation }: GatewayIncarnation): Promise<AbsentUser[]> {
    const known = await this.sessions.readMany(sessions);
    // Reads the admission numbers before the sessions. A user who reconnects after this read gets a higher number, and the lobby then
    // ignores the report that the user is away.
    const admissions = await Promise.all(
      known.map(async (record) => (record ? (await this.userRooms.lastRequestOrder(record.user)).turn : 0)),
    );
    const records = await this.sessions.readMany(sessions);
    const successor = this.directory.get(gateway)?.incarnation ?? incarnation;
    const isBack = successor === incarnation ? new Set() : await this.index.among(sessions, { gateway, incarnation: successor });
    return records.flatMap((record, index) =>
      record?.gateway === gateway && !isBack.has(sessions[index]!) ? { user: record.user, admissionNumber: admissions[index] ?? 0 } : [],
    );
  }

  private async reportAway(absent: readonly AbsentUser[]): Promise<void> {
    const [users, turns] = [absent.map(({ user }) => user), absent.map(({ admissionNumber }) => admissionNumber)];
    for (;;) {
      try {
        await this.lobbies.request('users.away', { users, turns });
        return;
      } catch (error) {
        if (this.isOver) throw error;
        this.log.debug('gateway-end.report-failed', { users: users.length, error });
        await sleep(AWAY_RETRY_MS);
      }
    }
  }

  @Interval(GATEWAY_SWEEP_MS)
  async sweep(): Promise<void> {
    // A directory without this server is incomplete, so it does not show which gateways have ended.
    if (this.isOver || !this.redis.isReady || !this.settlement.isSettled || !this.directory.get(this.self.id)) return;
    try {
      const orphans = (await this.index.gateways()).filter((gateway) => !this.isAlive(gateway));
      for (const gateway of orphans) if (this.missing.again(keyOf(gateway))) void this.claimAndCleanUp(gateway);
      this.missing.nextRound();
    } catch (error) {
      this.log.debug('gateway-end.sweep-failed', { error });
    }
  }

  private async claimAndCleanUp(gateway: GatewayIncarnation): Promise<void> {
    try {
      await new RedisLease(this.redis, redisName(`settling:${keyOf(gateway)}`), CLEANUP_LEASE_MS).run(() => this.cleanUp(gateway));
    } catch (error) {
      // Only logs the error, because the next sweep repeats the cleanup.
      this.log.warn('gateway-end.failed', { target: gateway.gateway, incarnation: gateway.incarnation, error });
    }
  }

  private isAlive({ gateway, incarnation }: GatewayIncarnation): boolean {
    const record = this.directory.get(gateway);
    // The server that evicted a gateway repeats the cleanup itself until the record has a `settledAt`. Until then, the sweep does not
    // handle the evicted gateway.
    return record?.incarnation === incarnation && (record.state !== 'dead' || record.settledAt === null);
  }
}

function keyOf({ gateway, incarnation }: GatewayIncarnation): string {
  return `${gateway}:${incarnation}`;
}
