import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { sleep } from '#libs/async';
import { Self, ServerDirectory, type ServerRecord } from '#libs/fleet';
import { type EvictionReason, ServerEndListener } from '#libs/health';
import type { SessionId, UserId } from '#libs/protocol';
import { RedisConnections, RedisLease } from '#libs/redis';
import { UserRooms } from '#libs/room-store';
import { type GatewayIncarnation, GatewaySessionIndex, SessionStore } from '#libs/session';
import { StoreSettlement } from '#libs/settlement';
import { Log } from '#libs/telemetry';
import { AWAY_AFTER_MS, AWAY_AT_ONCE, AWAY_RETRY_MS, CLEANUP_LEASE_MS, GATEWAY_SWEEP_MS } from '../edge.options.js';
import { LobbyRouter } from '../lobby/lobby-router.js';

/** A user, and the turn in which they were at the gateway that ended. */
interface AbsentUser {
  readonly user: UserId;
  readonly turn: number;
}

/**
 * What the end of a gateway makes to do: whoever was there and did not come back elsewhere is away. By a verdict, by a
 * goodbye, or because the same name started anew; what nobody saw to is found by a sweep. Safe to run twice, by two
 * processes at once, or to die in anywhere: a session that was seen to leaves the index, and the others are found again.
 */
@Injectable()
export class GatewayCleanup extends ServerEndListener implements OnApplicationBootstrap, OnModuleDestroy {
  private sweeping: NodeJS.Timeout | null = null;
  private isOver = false;
  /** Holders without a living server, as the last sweep saw them: one may be about to register again. */
  private suspects = new Set<string>();

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

  onApplicationBootstrap(): void {
    this.directory.onChange(({ kind, server, before }) => {
      if (server.type !== 'gateway') return;
      if (kind === 'left') void this.claimAndCleanUp({ gateway: server.id, incarnation: server.incarnation });
      else if (kind === 'registered' && before && before.incarnation !== server.incarnation)
        void this.claimAndCleanUp({ gateway: before.id, incarnation: before.incarnation });
    });
    this.sweeping = setInterval(() => void this.sweep(), GATEWAY_SWEEP_MS);
    this.sweeping.unref();
  }

  onModuleDestroy(): void {
    this.isOver = true;
    if (this.sweeping) clearInterval(this.sweeping);
  }

  override async ended({ id, type, incarnation }: ServerRecord, _reason: EvictionReason): Promise<void> {
    if (type === 'gateway') await this.cleanUp({ gateway: id, incarnation });
  }

  /** Resolves when all are seen to. Rejects when the store does not answer, or this process ends; then it must be done again. */
  private async cleanUp(holder: GatewayIncarnation): Promise<void> {
    // Most come back at once, and nobody needs to hear of those.
    await sleep(AWAY_AFTER_MS);
    let away = 0;
    const all = await this.index.sessionsOf(holder);
    for (let at = 0; at < all.length; at += AWAY_AT_ONCE) {
      const sessions = all.slice(at, at + AWAY_AT_ONCE);
      const left = await this.findAbsent(sessions, holder);
      if (left.length > 0) await this.reportAway(left);
      away += left.length;
      await this.index.removeSessions(sessions, holder);
    }
    await this.index.remove(holder);
    if (all.length > 0)
      this.log.info('gateway-end.done', { target: holder.gateway, incarnation: holder.incarnation, sessions: all.length, away });
  }

  /** Whose session is nowhere else by now: not at another gateway, nor at this one in its next life. */
  private async findAbsent(sessions: readonly SessionId[], { gateway, incarnation }: GatewayIncarnation): Promise<AbsentUser[]> {
    const known = await this.sessions.readMany(sessions);
    // Read before it is looked who is still there, so that who comes back after that has a later turn.
    const turns = await Promise.all(known.map(async (record) => (record ? (await this.userRooms.lastRequestOrder(record.user)).turn : 0)));
    const records = await this.sessions.readMany(sessions);
    const successor = this.directory.get(gateway)?.incarnation ?? incarnation;
    const isBack = successor === incarnation ? new Set() : await this.index.among(sessions, { gateway, incarnation: successor });
    return records.flatMap((record, index) =>
      record?.gateway === gateway && !isBack.has(sessions[index]) ? { user: record.user, turn: turns[index] } : [],
    );
  }

  private async reportAway(left: readonly AbsentUser[]): Promise<void> {
    const [users, turns] = [left.map(({ user }) => user), left.map(({ turn }) => turn)];
    for (;;) {
      try {
        await this.lobbies.request('users.away', { users, turns });
        return;
      } catch (error) {
        if (this.isOver) throw error;
        this.log.debug('gateway-end.untold', { users: users.length, error: String(error) });
        await sleep(AWAY_RETRY_MS);
      }
    }
  }

  private async sweep(): Promise<void> {
    // Where not even this server is listed, the list says nothing about the others.
    if (!this.redis.isReady || !this.settlement.isSettled || !this.directory.get(this.self.id)) return;
    try {
      const orphans = (await this.index.gateways()).filter((holder) => !this.isAlive(holder));
      const seenBefore = this.suspects;
      this.suspects = new Set(orphans.map(keyOf));
      for (const holder of orphans) if (seenBefore.has(keyOf(holder))) void this.claimAndCleanUp(holder);
    } catch (error) {
      this.log.debug('gateway-end.sweep-failed', { error: String(error) });
    }
  }

  /** Like `cleanUp`, unless another process is doing it. */
  private async claimAndCleanUp(holder: GatewayIncarnation): Promise<void> {
    try {
      await new RedisLease(this.redis, `hf:settling:${keyOf(holder)}`, CLEANUP_LEASE_MS).run(() => this.cleanUp(holder));
    } catch (error) {
      // The next sweep tries again.
      this.log.warn('gateway-end.failed', { target: holder.gateway, incarnation: holder.incarnation, error: String(error) });
    }
  }

  private isAlive({ gateway, incarnation }: GatewayIncarnation): boolean {
    const record = this.directory.get(gateway);
    // Of the dead, the verdict's winner sees to the end, and keeps at it until it is done.
    return record?.incarnation === incarnation && (record.state !== 'dead' || record.settledAt === null);
  }
}

function keyOf({ gateway, incarnation }: GatewayIncarnation): string {
  return `${gateway}:${incarnation}`;
}
