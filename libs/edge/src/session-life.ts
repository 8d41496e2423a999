import { Inject, Injectable } from '@nestjs/common';
import { Self } from '#libs/fleet';
import { type Binding, decodePlayerMessage, HoldfastError, PROTOCOL_VERSION } from '#libs/protocol';
import { answerTo, fewAtATime } from '#libs/redis';
import { hashOf, SessionAways, type SessionNotice, SessionStore } from '#libs/session';
import { Log } from '#libs/telemetry';
import { ConnectionLimits } from './connection-limits.js';
import { EDGE_OPTIONS, type EdgeOptions, GOODBYE_MS, NOT_HERE_AFTER_MS } from './edge.options.js';
import type { GatewaySession } from './gateway-session.js';
import { type Guest, guestOf, part } from './guest.js';
import { LobbyRouter } from './lobby-router.js';
import type { PlayerConnection } from './player-connection.js';
import { PresenceKeeper } from './presence-keeper.js';
import { type HeldGame, RoomLink } from './room-link.js';
import { SessionRestorer } from './session-restorer.js';
import { SessionTable } from './session-table.js';
import { Welcomer } from './welcomer.js';

/**
 * A session at this gateway, from its hello to its end: welcomed, placed where the store says it is, kept for a while
 * without a connection, gone; or over, because it goes on elsewhere.
 */
@Injectable()
export class SessionLife {
  private touchedAt = 0;

  constructor(
    @Inject(EDGE_OPTIONS) private readonly options: EdgeOptions,
    private readonly table: SessionTable,
    private readonly limits: ConnectionLimits,
    private readonly welcomer: Welcomer,
    private readonly restorer: SessionRestorer,
    private readonly presence: PresenceKeeper,
    private readonly lobbies: LobbyRouter,
    private readonly rooms: RoomLink,
    private readonly store: SessionStore,
    private readonly aways: SessionAways,
    private readonly self: Self,
    private readonly log: Log,
  ) {}

  async greet(connection: PlayerConnection, guest: Guest, frame: Buffer): Promise<void> {
    guest.isGreeting = true;
    try {
      const hello = decodePlayerMessage(frame);
      if (hello.kind !== 'hello') return;
      const { session: id, secret, user, name, resumed, binding, turn, held } = await this.welcomer.admit(hello);
      this.limits.welcomed(guest);
      const session = this.sessionOf(id, user, name);
      const before = session.connection;
      session.secretHash = hashOf(secret);
      // Two at once may end in the other order than they began.
      if (turn > session.turn) session.turn = turn;
      // The store has them here since; that they are gone again must be told as of any other.
      if (!connection.isOpen) return before ? undefined : this.missed(session, binding);
      session.connection = connection;
      guest.session = session;
      guest.mustConfirm = resumed;
      if (before) part(before, 'replaced');
      session.stopGoneTimers();
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
      this.place(session, binding, held);
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
  confirmed(guest: Guest, { id, secretHash }: GatewaySession): void {
    guest.mustConfirm = false;
    this.store.confirm(id, secretHash).catch((error: unknown) => this.log.debug('session.unconfirmed', { error: String(error) }));
  }

  async bye(connection: PlayerConnection, session: GatewaySession): Promise<void> {
    const { binding } = session;
    guestOf(connection).session = null;
    session.connection = null;
    this.rooms.unbind(session, 'left');
    if (binding) this.lobbies.tell(session, 'member.gone', { room: binding.room, user: session.user, asked: session.asked });
    this.lobbies.tell(session, 'searcher.gone', { user: session.user, asked: session.asked });
    this.table.remove(session);
    connection.goodbye({ code: 'bye', reason: 'Goodbye.' }, GOODBYE_MS);
    await this.store.end(session.id).catch(() => this.markAway(session));
  }

  /** Its connection is gone. `forGood`: this gateway closes, and the session goes on at another. */
  disconnected(session: GatewaySession, forGood: boolean): void {
    session.connection = null;
    this.rooms.disconnect(session);
    this.markAway(session);
    if (forGood) return;
    const away = setTimeout(() => {
      session.isAway = true;
      this.presence.tell(session);
      this.lobbies.tell(session, 'searcher.gone', { user: session.user, asked: session.asked });
    }, NOT_HERE_AFTER_MS);
    const gone = setTimeout(() => void this.gone(session), this.options.seatGraceMs);
    session.goneTimers = [away, gone];
  }

  private markAway({ id, secretHash }: GatewaySession): void {
    this.aways.mark(id, { gateway: this.self.id, secretHash });
  }

  /** Admitted, with a connection that was gone by then. */
  private missed(session: GatewaySession, binding: Binding | null): void {
    if (binding) this.rooms.bind(session, binding);
    session.stopGoneTimers();
    this.disconnected(session, false);
  }

  noticed(notice: SessionNotice): void {
    const id = 'session' in notice ? notice.session : undefined;
    const session = id !== undefined ? this.table.get(id) : notice.kind === 'replaced' ? undefined : this.table.ofUser(notice.user);
    if (!session) return;
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
  keep(now: number): void {
    this.restorer.look().catch((error: unknown) => this.log.debug('sessions.look-failed', { error: String(error) }));
    this.presence.correct();
    this.aways.retry();
    if (this.presence.isRenamed || now - this.touchedAt > Math.min(30_000, this.options.sessionTtlMs / 3)) void this.touch(now);
  }

  /** Into the room the store says they are in, which may not be the one we knew. */
  private place(session: GatewaySession, binding: Binding | null, held: HeldGame | null): void {
    if (session.binding && session.binding.room === binding?.room) this.rooms.reconnect(session, held);
    else if (binding) this.rooms.bind(session, binding, held);
    else this.rooms.unbind(session, 'left');
    this.presence.tell(session);
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
    if (session.connection) return;
    const { binding } = session;
    if (binding && (found === null || found.session === session.id) && (found === null || found.gateway === this.self.id)) {
      this.lobbies.tell(session, 'member.gone', { room: binding.room, user: session.user, asked: session.asked });
    }
    this.rooms.unbind(session, 'away');
    this.table.remove(session);
  }

  /** The session is not this gateway's any more; its player is not away. */
  private end(session: GatewaySession, code: 'replaced'): void {
    const { connection } = session;
    session.connection = null;
    this.rooms.unbind(session, 'away');
    this.table.remove(session);
    if (connection) part(connection, code);
  }

  private async touch(now: number): Promise<void> {
    this.touchedAt = now;
    const connected = [...this.table.all()].filter(({ connection }) => connection !== null);
    try {
      for await (const some of fewAtATime(connected)) {
        const over = await this.restorer.touch(some.map(({ id, user }) => ({ session: id, user })));
        for (const id of over) {
          const session = this.table.get(id);
          if (session) this.end(session, 'replaced');
        }
      }
      await this.presence.compare();
    } catch (error) {
      this.log.warn('sessions.touch-failed', { error: String(error) });
    }
  }
}
