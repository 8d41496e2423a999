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
 * Compares the presence of users in the store with the sessions of this gateway, and reports the differences. A difference arises when a
 * report to a lobby is lost, or when other gateways evict this gateway by mistake.
 */
@Injectable()
export class PresenceReconciler {
  private indexedFor = 0;
  /**
   * Sessions that were in this gateway's index in the store, but not in the table of this gateway, at the last comparison. An admission
   * adds a session first to the index and then to the table. So only two comparisons in a row with this result show that a session is lost.
   */
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

  /**
   * True when the gateway has registered again since the last comparison. The index of the new incarnation then lacks the sessions of this
   * gateway.
   */
  get hasNewIncarnation(): boolean {
    return this.self.incarnation !== 0 && this.self.incarnation !== this.indexedFor;
  }

  /**
   * Reports the presence of a member to a lobby. The request order of the report is later than that of every earlier request of the
   * session.
   */
  report(session: GatewaySession): void {
    const { binding, user, isAway, claims } = session;
    if (!binding || binding.watching) return;
    this.lobbies.emit(session, 'member.presence', {
      room: binding.room,
      user,
      here: !isAway,
      asked: session.nextRequestOrder(),
      claims: claims ?? null,
    });
  }

  /** Reports the presence of each member for whom the room's record is wrong. */
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
   * Reports the presence under a new admission number. Lobbies ignore the old number, because another server evicted this gateway and ended
   * the old admission. If the store does not answer, the next comparison tries again.
   */
  private async reportInNewAdmission(session: GatewaySession): Promise<void> {
    const { user, admissionNumber } = session;
    const renewed = await this.userRooms.renewAdmission(user, admissionNumber).catch(() => null);
    if (renewed === null || session.admissionNumber !== admissionNumber) return;
    session.admissionNumber = renewed;
    this.report(session);
  }

  /**
   * Adds the sessions of this gateway to its index in the store where they are missing. Removes each session that is only in the index, and
   * marks the user of this session as away.
   */
  async reconcileIndex(): Promise<void> {
    const { id: gateway, incarnation } = this.self;
    if (incarnation === 0) return;
    const self = { gateway, incarnation };
    const listed = await this.index.sessionsOf(self);
    const known = new Set(listed);
    await this.index.add(
      [...this.table.all()].map(({ id }) => id).filter((id) => !known.has(id)),
      self,
    );
    this.indexedFor = incarnation;
    const missing = listed.filter((id) => !this.table.get(id));
    const lost = missing.filter((id) => this.suspects.has(id));
    this.suspects = new Set(missing);
    if (lost.length === 0) return;
    const records = await this.sessions.readMany(lost);
    const users = records.flatMap((record) => (record?.gateway === gateway ? record.user : []));
    if (users.length > 0) await this.lobbies.request('users.away', { users });
    await this.index.removeSessions(lost, self);
  }
}
