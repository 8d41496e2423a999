import { Inject, Injectable } from '@nestjs/common';
import { inBatches } from '#libs/async';
import { Self } from '#libs/fleet';
import {
  type Binding,
  bounded,
  decodePlayerMessage,
  type Hello,
  HoldfastError,
  PROTOCOL_VERSION,
  type SessionId,
  type UserId,
} from '#libs/protocol';
import { answerTo } from '#libs/redis';
import { UserRooms } from '#libs/room-store';
import { hashOf, PendingAwayMarks, type SessionNotice, SessionStore } from '#libs/session';
import { StoreSettlement } from '#libs/settlement';
import { Log } from '#libs/telemetry';
import { ConnectionLimits } from '../connection/connection-limits.js';
import { type ConnectionState, disconnect, stateOf } from '../connection/connection-state.js';
import { AWAY_AFTER_MS, EDGE_OPTIONS, type EdgeOptions, GOODBYE_MS, USERS_RENEW_MS } from '../edge.options.js';
import { LobbyRouter } from '../lobby/lobby-router.js';
import { type ClientGame, SessionRooms } from '../room/session-rooms.js';
import type { GatewaySession } from '../session/gateway-session.js';
import { SessionTable } from '../session/session-table.js';
import type { PlayerConnection } from '../transport/player-connection.js';
import { Admission, type AdmittedSession } from './admission.js';
import { Departures } from './departures.js';
import { EarlyNotices } from './early-notices.js';
import { PresenceReconciler } from './presence-reconciler.js';
import { SearchChecks } from './search-checks.js';
import { SessionRestorer } from './session-restorer.js';

/**
 * Controls each session of this gateway from its hello to its end: admission, room, grace without a connection, and departure or takeover
 * by another gateway.
 */
@Injectable()
export class SessionLifecycle {
  private touchedAt = 0;
  /**
   * The time at which this gateway last renewed the rooms of its users, in ms of the monotonic clock. An admission also renews the room of
   * its user.
   */
  private usersRenewedAt = performance.now();
  private readonly earlyNotices = new EarlyNotices();

  constructor(
    @Inject(EDGE_OPTIONS) private readonly options: EdgeOptions,
    private readonly table: SessionTable,
    private readonly limits: ConnectionLimits,
    private readonly admission: Admission,
    private readonly restorer: SessionRestorer,
    private readonly presence: PresenceReconciler,
    private readonly searches: SearchChecks,
    private readonly departures: Departures,
    private readonly lobbies: LobbyRouter,
    private readonly rooms: SessionRooms,
    private readonly store: SessionStore,
    private readonly awayMarks: PendingAwayMarks,
    private readonly self: Self,
    private readonly log: Log,
    private readonly settlement: StoreSettlement,
    private readonly userRooms: UserRooms,
  ) {}

  async admit(connection: PlayerConnection, state: ConnectionState, frame: Buffer): Promise<void> {
    state.isAdmitting = true;
    const { transport, address } = connection;
    let refused: Hello | null = null;
    const since = performance.now();
    try {
      const hello = decodePlayerMessage(frame);
      if (hello.kind !== 'hello') return;
      refused = hello;
      const admitted = await this.admission.admit(hello);
      const { session: id, secret, user, name, resumed, binding, admissionNumber, game, ticket } = admitted;
      const early = this.earlyNotices.take(id, since);
      // The notice `replaced` reports that the user logged in or resumed elsewhere during this hello. So the gateway reads from the store
      // which session is current.
      if (early.some(({ kind }) => kind === 'replaced') && !(await this.isCurrent(user, id))) throw new HoldfastError('replaced');
      this.limits.admitted(state);
      const session = this.sessionOf(admitted);
      const before = session.connection;
      session.secretHash = hashOf(secret);
      // Two admissions of one session can run at the same time. If the admission with the lower number finishes last, it must not lower the
      // session's number.
      if (admissionNumber > session.admissionNumber) session.admissionNumber = admissionNumber;
      // The connection has closed during the admission. This gateway already has the session in the store, so it must begin the grace.
      // Otherwise nobody would report the user as away.
      if (!connection.isOpen) {
        if (!before) this.addDisconnected(session, binding);
        for (const notice of early) if (notice.kind !== 'replaced') this.handleNotice(notice);
        return;
      }
      session.connection = connection;
      state.session = session;
      if (hello.compact && connection.isBinary) connection.readsCompact = true;
      state.mustConfirm = resumed;
      if (before) disconnect(before, 'replaced');
      session.stopGraceTimers();
      const { connectionTimeoutMs, sessionTtlMs } = this.options;
      connection.send({
        kind: 'welcome',
        protocol: PROTOCOL_VERSION,
        session: id,
        secret,
        user,
        name,
        resumed,
        server: this.self.id,
        pingMs: Math.floor(connectionTimeoutMs / 3),
        sessionMs: sessionTtlMs,
      });
      const facts = { user, session: id, transport, address };
      if (resumed) this.log.life('session.resumed', { ...facts, ...(binding && { roomId: binding.room }) });
      else this.log.life('session.started', facts);
      this.place(session, binding, game);
      this.searches.admitted(session, ticket);
      for (const notice of early) if (notice.kind !== 'replaced') this.handleNotice(notice);
    } catch (error) {
      const body = answerTo(error);
      if (!(error instanceof HoldfastError)) this.log.error('hello.failed', { error });
      this.log.refusal('session.refused', {
        code: body.code,
        transport,
        address,
        ...(refused?.session && { session: bounded(refused.session, 64) }),
      });
      connection.goodbye(
        { code: body.code, reason: body.message, ...(body.retry && { retryAfterMs: body.retryAfterMs ?? 500 }) },
        GOODBYE_MS,
      );
    }
  }

  /**
   * Deletes the previous secret in the store. Called at the first message after `welcome`, because this message proves that the client has
   * the new secret.
   */
  confirmSecret(state: ConnectionState, { id, secretHash }: GatewaySession): void {
    state.mustConfirm = false;
    this.store.confirm(id, secretHash).catch((error: unknown) => this.log.debug('session.confirm-failed', { error }));
  }

  /**
   * Ends the session at the request of its player. The lobby refuses or undoes an earlier request that is still in progress, because the
   * departure has a later request order.
   */
  bye(connection: PlayerConnection, session: GatewaySession): void {
    stateOf(connection).session = null;
    session.connection = null;
    connection.goodbye({ code: 'bye', reason: 'Goodbye.' }, GOODBYE_MS);
    this.markAway(session);
    this.logEnd(session, 'bye');
    this.departAndEnd(session, 'left');
  }

  /**
   * Ends a session at the request of an operator. The session is revoked in the store, so it cannot be resumed. Returns false when this
   * gateway does not have the session.
   */
  expel(id: SessionId, code: 'kicked' | 'suspended'): boolean {
    const session = this.table.get(id);
    if (!session) return false;
    const { connection } = session;
    session.connection = null;
    this.logEnd(session, code);
    this.departAndEnd(session, 'left');
    if (connection) disconnect(connection, code);
    return true;
  }

  /**
   * Requests the departure of the user, and keeps the session's record in the store until a lobby has carried out the departure. If this
   * gateway dies first, another gateway finds the user by this record (`GatewayCleanup`).
   */
  private departAndEnd(session: GatewaySession, expire: 'left' | 'away'): void {
    this.depart(session, expire, () => void this.store.end(session.id).catch(() => {}));
  }

  /**
   * Requests the departure of the user and removes the session from this gateway, also while a lobby still handles a request of the
   * session.
   */
  private depart(session: GatewaySession, expire: 'left' | 'away', done?: () => void): void {
    this.departures.add(session, session.nextRequestOrder(), done);
    this.rooms.unbind(session, expire);
    this.table.remove(session);
  }

  /**
   * Returns whether this session is the user's current session in the store, at this gateway. Returns true when the store does not answer.
   */
  private async isCurrent(user: UserId, session: SessionId): Promise<boolean> {
    const found = await this.store.find(user).catch(() => undefined);
    return found === undefined || (found?.session === session && found.gateway === this.self.id);
  }

  /**
   * Handles the loss of a session's connection. `forGood`: this gateway closes. The session then continues at another gateway, so this
   * gateway begins no grace.
   */
  disconnected(session: GatewaySession, forGood: boolean): void {
    session.connection = null;
    this.log.life('session.disconnected', { ...factsOf(session), ...(session.room && { roomId: session.room }) });
    this.rooms.connectionLost(session);
    this.markAway(session);
    if (forGood) return;
    const away = setTimeout(() => {
      session.isAway = true;
      this.presence.report(session);
      this.lobbies.emit(session, 'searcher.gone', { user: session.user, asked: session.nextRequestOrder() });
    }, AWAY_AFTER_MS);
    const gone = setTimeout(() => void this.gone(session), this.options.seatGraceMs);
    session.graceTimers = [away, gone];
  }

  private markAway({ id, secretHash }: GatewaySession): void {
    this.awayMarks.mark(id, { gateway: this.self.id, secretHash });
  }

  /** Adds a session that lost its connection during the admission, and begins its grace. */
  private addDisconnected(session: GatewaySession, binding: Binding | null): void {
    if (binding) this.rooms.bind(session, binding);
    session.stopGraceTimers();
    this.disconnected(session, false);
  }

  handleNotice(notice: SessionNotice): void {
    const id = 'session' in notice ? notice.session : undefined;
    const session = id !== undefined ? this.table.get(id) : notice.kind === 'replaced' ? undefined : this.table.ofUser(notice.user);
    if (!session) {
      if (id !== undefined) this.earlyNotices.add(id, notice, performance.now());
      return;
    }
    switch (notice.kind) {
      case 'replaced':
        return this.end(session, 'replaced');
      case 'bind':
        if (notice.match) this.searches.matched(session, { ...notice.match, room: notice.room });
        return this.rooms.bindMatch(session, { room: notice.room, watching: notice.role === 'watcher', rev: notice.rev });
      case 'match':
        return this.searches.take(session, notice.message);
      case 'unbind':
        if (session.room === notice.room) this.rooms.unbind(session, 'left');
    }
  }

  /** Restores lost data in the store, repeats failed writes, and renews the sessions. Called once a second. */
  maintain(now: number): void {
    this.restorer.check().catch((error: unknown) => this.log.debug('sessions.check-failed', { error }));
    this.awayMarks.retry();
    this.departures.retry();
    // Before the store is settled, a record can be older than the record that the store lost, so a comparison with it would report wrong
    // differences.
    if (!this.settlement.isSettled) return;
    this.presence.reconcileMembers();
    this.searches.maintain(now);
    if (this.presence.hasNewIncarnation || now - this.touchedAt > Math.min(30_000, this.options.sessionTtlMs / 3)) void this.touch(now);
  }

  /** Binds the session to the user's room in the store, also when this gateway has bound the session to another room. */
  private place(session: GatewaySession, binding: Binding | null, game: ClientGame | null): void {
    if (session.binding && session.binding.room === binding?.room) this.rooms.connectionReplaced(session, game);
    else if (binding) this.rooms.bind(session, binding, game);
    else this.rooms.unbind(session, 'left');
    this.presence.report(session);
  }

  private sessionOf({ session: id, user, name, claims }: AdmittedSession): GatewaySession {
    const known = this.table.get(id);
    if (known) return known;
    // In the store, the new session has replaced an older session of the user. If this gateway has the older session, it ends that session.
    const older = this.table.ofUser(user);
    if (older) this.end(older, 'replaced');
    return this.table.add(id, user, name, claims);
  }

  /**
   * Ends a session whose grace is over. Requests no departure if the store shows the user at another gateway, because the user has moved
   * and only the notice about the move was lost.
   */
  private async gone(session: GatewaySession): Promise<void> {
    const found = await this.store.find(session.user).catch(() => null);
    if (session.connection || session.isOver) return;
    if (found === null || (found.session === session.id && found.gateway === this.self.id)) {
      this.logEnd(session, 'away');
      return this.depart(session, 'away');
    }
    this.rooms.unbind(session, 'away');
    this.table.remove(session);
  }

  /**
   * Ends a session that is over in the store: another session of the user replaced the session, the session was revoked or expired, or the
   * store lost it.
   */
  private async endUnknown(session: GatewaySession): Promise<void> {
    const found = await this.store.find(session.user);
    if (session.isOver) return;
    if (found !== null) return this.end(session, 'replaced');
    const { connection } = session;
    session.connection = null;
    this.logEnd(session, 'expired');
    this.departAndEnd(session, 'away');
    if (connection) disconnect(connection, 'replaced');
  }

  /** Removes a session that has moved to another gateway, or that a newer session of the user replaced. Does not mark the user as away. */
  private end(session: GatewaySession, code: 'replaced'): void {
    const { connection } = session;
    session.connection = null;
    this.logEnd(session, code);
    this.rooms.unbind(session, 'away');
    this.table.remove(session);
    if (connection) disconnect(connection, code);
  }

  private logEnd(session: GatewaySession, reason: 'bye' | 'away' | 'expired' | 'replaced' | 'kicked' | 'suspended'): void {
    this.log.life('session.ended', { ...factsOf(session), reason });
  }

  private async touch(now: number): Promise<void> {
    this.touchedAt = now;
    const connected = [...this.table.all()].filter(({ connection }) => connection !== null);
    const mustRenewUsers = now - this.usersRenewedAt > USERS_RENEW_MS;
    if (mustRenewUsers) this.usersRenewedAt = now;
    try {
      for await (const some of inBatches(connected)) {
        if (mustRenewUsers) await this.userRooms.renew(some.map(({ user }) => user));
        const over = await this.restorer.touch(some.map(({ id, user }) => ({ session: id, user })));
        for (const id of over) {
          const session = this.table.get(id);
          if (session) await this.endUnknown(session);
        }
      }
      await this.presence.reconcileIndex();
    } catch (error) {
      this.log.warn('sessions.touch-failed', { error });
    }
  }
}

function factsOf({ id, user }: GatewaySession): { readonly user: UserId; readonly session: SessionId } {
  return { user, session: id };
}
