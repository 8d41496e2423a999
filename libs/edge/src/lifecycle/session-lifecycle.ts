import { Inject, Injectable } from '@nestjs/common';
import { inBatches } from '#libs/async';
import { Self } from '#libs/fleet';
import { type Binding, decodePlayerMessage, HoldfastError, PROTOCOL_VERSION, type SessionId, type UserId } from '#libs/protocol';
import { answerTo } from '#libs/redis';
import { hashOf, PendingAwayMarks, type SessionNotice, SessionStore } from '#libs/session';
import { StoreSettlement } from '#libs/settlement';
import { Log } from '#libs/telemetry';
import { ConnectionLimits } from '../connection/connection-limits.js';
import { type ConnectionState, disconnect, stateOf } from '../connection/connection-state.js';
import { AWAY_AFTER_MS, EDGE_OPTIONS, type EdgeOptions, GOODBYE_MS } from '../edge.options.js';
import { LobbyRouter } from '../lobby/lobby-router.js';
import { type ClientGame, SessionRooms } from '../room/session-rooms.js';
import type { GatewaySession } from '../session/gateway-session.js';
import { SessionTable } from '../session/session-table.js';
import type { PlayerConnection } from '../transport/player-connection.js';
import { Admission } from './admission.js';
import { Departures } from './departures.js';
import { EarlyNotices } from './early-notices.js';
import { PresenceReconciler } from './presence-reconciler.js';
import { SessionRestorer } from './session-restorer.js';

/**
 * A session at this gateway, from its hello to its end: welcomed, placed where the store says it is, kept for a while
 * without a connection, gone; or over, because it goes on elsewhere.
 */
@Injectable()
export class SessionLifecycle {
  private touchedAt = 0;
  private readonly early = new EarlyNotices();

  constructor(
    @Inject(EDGE_OPTIONS) private readonly options: EdgeOptions,
    private readonly table: SessionTable,
    private readonly limits: ConnectionLimits,
    private readonly admission: Admission,
    private readonly restorer: SessionRestorer,
    private readonly presence: PresenceReconciler,
    private readonly departures: Departures,
    private readonly lobbies: LobbyRouter,
    private readonly rooms: SessionRooms,
    private readonly store: SessionStore,
    private readonly awayMarks: PendingAwayMarks,
    private readonly self: Self,
    private readonly log: Log,
    private readonly settlement: StoreSettlement,
  ) {}

  async admit(connection: PlayerConnection, state: ConnectionState, frame: Buffer): Promise<void> {
    state.isAdmitting = true;
    const since = performance.now();
    try {
      const hello = decodePlayerMessage(frame);
      if (hello.kind !== 'hello') return;
      const { session: id, secret, user, name, resumed, binding, turn, game } = await this.admission.admit(hello);
      const early = this.early.take(id, since);
      // Another login or resume came while this hello was under way.
      if (early.some(({ kind }) => kind === 'replaced') && !(await this.isCurrent(user, id))) throw new HoldfastError('replaced');
      this.limits.admitted(state);
      const session = this.sessionOf(id, user, name);
      const before = session.connection;
      session.secretHash = hashOf(secret);
      // Two at once may end in the other order than they began.
      if (turn > session.admission) session.admission = turn;
      // The store has them here since; that they are gone again must be told as of any other.
      if (!connection.isOpen) {
        if (!before) this.addDisconnected(session, binding);
        for (const notice of early) if (notice.kind !== 'replaced') this.handleNotice(notice);
        return;
      }
      session.connection = connection;
      state.session = session;
      state.mustConfirm = resumed;
      if (before) disconnect(before, 'replaced');
      session.stopGraceTimers();
      const { connectionTimeoutMs } = this.options;
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
      });
      this.place(session, binding, game);
      for (const notice of early) if (notice.kind !== 'replaced') this.handleNotice(notice);
    } catch (error) {
      const body = answerTo(error);
      if (!(error instanceof HoldfastError)) this.log.error('hello.failed', { error });
      connection.goodbye(
        { code: body.code, reason: body.message, ...(body.retry && { retryAfterMs: body.retryAfterMs ?? 500 }) },
        GOODBYE_MS,
      );
    }
  }

  /** What it says after its welcome says that it has read that: the secret it showed is of no more use to anybody. */
  confirmSecret(state: ConnectionState, { id, secretHash }: GatewaySession): void {
    state.mustConfirm = false;
    this.store.confirm(id, secretHash).catch((error: unknown) => this.log.debug('session.unconfirmed', { error: String(error) }));
  }

  /** A request of the session may be under way: its lobby, or the departure, finds that the user has left. */
  bye(connection: PlayerConnection, session: GatewaySession): void {
    stateOf(connection).session = null;
    session.connection = null;
    connection.goodbye({ code: 'bye', reason: 'Goodbye.' }, GOODBYE_MS);
    // Until a lobby has carried the departure out, the record stays: it leads whoever cleans up after this gateway to the user.
    this.markAway(session);
    this.depart(session, 'left', () => void this.store.end(session.id).catch(() => {}));
  }

  /** The session is over for good, whatever of it is still under way at a lobby. */
  private depart(session: GatewaySession, expire: 'left' | 'away', done?: () => void): void {
    this.departures.add(session, session.nextRequestOrder(), done);
    this.rooms.unbind(session, expire);
    this.table.remove(session);
  }

  /** The store has the user's live session at this gateway. One that does not answer says nothing against it. */
  private async isCurrent(user: UserId, session: SessionId): Promise<boolean> {
    const found = await this.store.find(user).catch(() => undefined);
    return found === undefined || (found?.session === session && found.gateway === this.self.id);
  }

  /** Its connection is gone. `forGood`: this gateway closes, and the session goes on at another. */
  disconnected(session: GatewaySession, forGood: boolean): void {
    session.connection = null;
    this.rooms.connectionLost(session);
    this.markAway(session);
    if (forGood) return;
    const away = setTimeout(() => {
      session.isAway = true;
      session.search = null;
      this.presence.report(session);
      this.lobbies.emit(session, 'searcher.gone', { user: session.user, asked: session.nextRequestOrder() });
    }, AWAY_AFTER_MS);
    const gone = setTimeout(() => void this.gone(session), this.options.seatGraceMs);
    session.graceTimers = [away, gone];
  }

  private markAway({ id, secretHash }: GatewaySession): void {
    this.awayMarks.mark(id, { gateway: this.self.id, secretHash });
  }

  /** Admitted, with a connection that was gone by then. */
  private addDisconnected(session: GatewaySession, binding: Binding | null): void {
    if (binding) this.rooms.bind(session, binding);
    session.stopGraceTimers();
    this.disconnected(session, false);
  }

  handleNotice(notice: SessionNotice): void {
    const id = 'session' in notice ? notice.session : undefined;
    const session = id !== undefined ? this.table.get(id) : notice.kind === 'replaced' ? undefined : this.table.ofUser(notice.user);
    if (!session) {
      if (id !== undefined) this.early.add(id, notice, performance.now());
      return;
    }
    switch (notice.kind) {
      case 'replaced':
        return this.end(session, 'replaced');
      case 'bind':
        return this.rooms.bind(session, { room: notice.room, watching: notice.role === 'watcher', rev: notice.rev });
      case 'unbind':
        if (session.room === notice.room) this.rooms.unbind(session, 'left');
    }
  }

  /** To be called now and then: what the store lost is written again, and what lives here stays alive there. */
  maintain(now: number): void {
    this.restorer.check().catch((error: unknown) => this.log.debug('sessions.look-failed', { error: String(error) }));
    this.awayMarks.retry();
    this.departures.retry();
    // What a store says that may have fallen back is nothing to go by.
    if (!this.settlement.isSettled) return;
    this.presence.reconcileMembers();
    if (this.presence.hasNewIncarnation || now - this.touchedAt > Math.min(30_000, this.options.sessionTtlMs / 3)) void this.touch(now);
  }

  /** Into the room the store says they are in, which may not be the one we knew. */
  private place(session: GatewaySession, binding: Binding | null, game: ClientGame | null): void {
    if (session.binding && session.binding.room === binding?.room) this.rooms.connectionReplaced(session, game);
    else if (binding) this.rooms.bind(session, binding, game);
    else this.rooms.unbind(session, 'left');
    this.presence.report(session);
  }

  private sessionOf(id: string, user: string, name: string): GatewaySession {
    const known = this.table.get(id);
    if (known) return known;
    // The same user with an older session here: it is over, by the store's word.
    const older = this.table.ofUser(user);
    if (older) this.end(older, 'replaced');
    return this.table.add(id, user, name);
  }

  /** The grace is over. If the session lives elsewhere, and its notice was lost, it is not gone. */
  private async gone(session: GatewaySession): Promise<void> {
    const found = await this.store.find(session.user).catch(() => null);
    if (session.connection || session.isOver) return;
    if (found === null || (found.session === session.id && found.gateway === this.self.id)) return this.depart(session, 'away');
    this.rooms.unbind(session, 'away');
    this.table.remove(session);
  }

  /** The store knows the session no more: it goes on as another one, or (it expired, or the store lost it) as none. */
  private async endUnknown(session: GatewaySession): Promise<void> {
    const found = await this.store.find(session.user);
    if (session.isOver) return;
    if (found !== null) return this.end(session, 'replaced');
    const { connection } = session;
    session.connection = null;
    this.depart(session, 'away');
    if (connection) disconnect(connection, 'replaced');
  }

  /** The session is not this gateway's any more; its player is not away. */
  private end(session: GatewaySession, code: 'replaced'): void {
    const { connection } = session;
    session.connection = null;
    this.rooms.unbind(session, 'away');
    this.table.remove(session);
    if (connection) disconnect(connection, code);
  }

  private async touch(now: number): Promise<void> {
    this.touchedAt = now;
    const connected = [...this.table.all()].filter(({ connection }) => connection !== null);
    try {
      for await (const some of inBatches(connected)) {
        const over = await this.restorer.touch(some.map(({ id, user }) => ({ session: id, user })));
        for (const id of over) {
          const session = this.table.get(id);
          if (session) await this.endUnknown(session);
        }
      }
      await this.presence.reconcileIndex();
    } catch (error) {
      this.log.warn('sessions.touch-failed', { error: String(error) });
    }
  }
}
