import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { type Binding, HoldfastError, type RoomId } from '#libs/protocol';
import { answerTo } from '#libs/redis';
import type { RoomRecord } from '#libs/room-store';
import { StoreSettlement } from '#libs/settlement';
import { Log } from '#libs/telemetry';
import { Departures } from './departures.js';
import { LEFT_KEPT_MS, REJOIN_TRIES_MAX, REQUEST_TIMEOUT_MS, RESTORE_RETRY_MS } from './edge.options.js';
import type { GatewaySession } from './gateway-session.js';
import { LobbyRouter } from './lobby-router.js';
import { RoomFollower } from './room-follower.js';
import { RoomLink } from './room-link.js';
import { type RestoredSession, SessionRestorer } from './session-restorer.js';
import { SessionTable } from './session-table.js';

/**
 * What the sessions of a gateway are owed once a store that was restarted is settled: each is in the room that its player was told,
 * or hears that it is not. Who joined is a member, who left is none, and who looked for a match looks on.
 */
@Injectable()
export class SettledSessions implements OnApplicationBootstrap {
  constructor(
    private readonly table: SessionTable,
    private readonly rooms: RoomLink,
    private readonly follower: RoomFollower,
    private readonly restorer: SessionRestorer,
    private readonly departures: Departures,
    private readonly lobbies: LobbyRouter,
    private readonly settlement: StoreSettlement,
    private readonly log: Log,
  ) {
    rooms.onMissing((session, record) => this.isMissing(session, record));
  }

  onApplicationBootstrap(): void {
    this.settlement.onSettled(() => void this.settled());
  }

  private async settled(): Promise<void> {
    const restored = this.restorer.takeRestored();
    const sessions = [...this.table.all()];
    for (const session of sessions) session.mustRejoin = session.binding !== null && !session.binding.watching;
    this.rooms.acceptAny(sessions);
    await this.follower.settled();
    for (const session of sessions) session.mustRejoin = false;
    this.departures.repeat();
    for (const one of restored) {
      if (one.session.isOver) continue;
      this.leaveAgain(one);
      if (one.session.search) void this.searchAgain(one);
    }
  }

  /** A room that the session had left, where the store may have its user as a member again. */
  private leaveAgain({ session, before }: RestoredSession): void {
    const { user, binding, leftRooms } = session;
    const left = new Set<RoomId>();
    if (before && !before.watching) left.add(before.room);
    for (const { room, at } of leftRooms) if (performance.now() - at < LEFT_KEPT_MS) left.add(room);
    if (binding) left.delete(binding.room);
    for (const room of left) this.lobbies.tell(session, 'member.gone', { room, user, asked: session.asked });
  }

  /** The record of its room does not have the session's user. True: that may be the store's loss, and they join again. */
  private isMissing(session: GatewaySession, { id }: RoomRecord): boolean {
    if (session.isRejoining) return true;
    // One of its requests may be to leave.
    if (!session.mustRejoin || session.underWay.length > 0) return false;
    session.mustRejoin = false;
    session.isRejoining = true;
    void this.rejoin(session, id);
    return true;
  }

  private async rejoin(session: GatewaySession, room: RoomId): Promise<void> {
    try {
      await this.ask(session, 'rooms.join', { room });
      this.log.info('member.restored', { roomId: room, user: session.user });
    } catch (error) {
      this.log.warn('member.lost', { roomId: room, user: session.user, error: String(error) });
      session.isRejoining = false;
      if (session.room === room) this.rooms.leave(session, answerTo(error).code);
    } finally {
      session.isRejoining = false;
      this.follower.look(room);
    }
  }

  private async searchAgain({ session, outcome, before }: RestoredSession): Promise<void> {
    const { search } = session;
    if (!search || !session.connection) return;
    // Found, and its notice was lost.
    if (outcome === 'moved' && before) return this.rooms.bind(session, { ...before, rev: 0 });
    try {
      const binding = await this.ask(session, 'match.find', search.data);
      if (binding) this.rooms.bind(session, binding);
    } catch (error) {
      // Its client asks which searches go on (`me`).
      this.log.warn('search.lost', { user: session.user, error: String(error) });
    }
  }

  /** Some time is given to lobbies that are restarted, or have not heard yet that the store is settled. */
  private async ask(session: GatewaySession, operation: string, data: unknown): Promise<Binding | null> {
    for (let tries = 1; ; tries++) {
      try {
        return (await this.lobbies.ask(session, operation, data, REQUEST_TIMEOUT_MS)).binding ?? null;
      } catch (error) {
        const mayHelp = error instanceof HoldfastError && error.retry && tries < REJOIN_TRIES_MAX;
        if (!mayHelp) throw error;
        await new Promise((resolve) => setTimeout(resolve, RESTORE_RETRY_MS * tries));
      }
    }
  }
}
