import { Injectable } from '@nestjs/common';
import { Self } from '#libs/fleet';
import { isBefore, type SessionId } from '#libs/protocol';
import { UserRooms } from '#libs/room-store';
import { GatewaySessionIndex, SessionStore } from '#libs/session';
import { LobbyRouter } from '../lobby/lobby-router.js';
import { RoomRecordCache } from '../room/room-record-cache.js';
import type { GatewaySession } from '../session/gateway-session.js';
import { SessionTable } from '../session/session-table.js';

/**
 * What the store says of who is here, held against who is: what is told to a lobby is told at most once, and a verdict on
 * this gateway may be wrong.
 */
@Injectable()
export class PresenceReconciler {
  private indexedFor = 0;
  /** Listed as ours, and not here, when we looked last: one that is being welcomed is listed first. */
  private suspects: ReadonlySet<SessionId> = new Set();

  constructor(
    private readonly table: SessionTable,
    private readonly cache: RoomRecordCache,
    private readonly lobbies: LobbyRouter,
    private readonly index: GatewaySessionIndex,
    private readonly sessions: SessionStore,
    private readonly userRooms: UserRooms,
    private readonly self: Self,
  ) {}

  /** This life of the gateway is not the one that the sessions were noted for. */
  get hasNewIncarnation(): boolean {
    return this.self.incarnation !== 0 && this.self.incarnation !== this.indexedFor;
  }

  /** Tells a member's room whether they are here, as a word that comes after all that were said before. */
  report(session: GatewaySession): void {
    const { binding, user, isAway } = session;
    if (!binding || binding.watching) return;
    this.lobbies.emit(session, 'member.presence', { room: binding.room, user, here: !isAway, asked: session.nextRequestOrder() });
  }

  /** Players whose room holds them for away and who are here, or the other way round. */
  reconcileMembers(): void {
    for (const session of this.table.all()) {
      const { connection, binding, user, isAway } = session;
      if (!binding || !(connection?.isOpen || isAway)) continue;
      const member = this.cache.get(binding.room)?.doc.members.find((one) => one.user === user);
      if (!member || member.here !== isAway) continue;
      if (member.word && isBefore(session.requestOrder, member.word)) void this.reportInNewAdmission(session);
      else this.report(session);
    }
  }

  /**
   * Its turn was ended by somebody who took this gateway for dead: nothing that is said in it counts any more. A store that
   * does not answer is asked again when it is looked at the next time.
   */
  private async reportInNewAdmission(session: GatewaySession): Promise<void> {
    const { user, admission } = session;
    const renewed = await this.userRooms.renewTurn(user, admission).catch(() => null);
    if (renewed === null || session.admission !== admission) return;
    session.admission = renewed;
    this.report(session);
  }

  /** The index of this gateway's sessions says what the table says; whoever was lost in between is away. */
  async reconcileIndex(): Promise<void> {
    const { id: gateway, incarnation } = this.self;
    if (incarnation === 0) return;
    const holder = { gateway, incarnation };
    const listed = await this.index.sessionsOf(holder);
    const known = new Set(listed);
    await this.index.add(
      [...this.table.all()].map(({ id }) => id).filter((id) => !known.has(id)),
      holder,
    );
    this.indexedFor = incarnation;
    const strangers = listed.filter((id) => !this.table.get(id));
    const lost = strangers.filter((id) => this.suspects.has(id));
    this.suspects = new Set(strangers);
    if (lost.length === 0) return;
    const records = await this.sessions.readMany(lost);
    const users = records.flatMap((record) => (record?.gateway === gateway ? record.user : []));
    if (users.length > 0) await this.lobbies.request('users.away', { users });
    await this.index.removeSessions(lost, holder);
  }
}
