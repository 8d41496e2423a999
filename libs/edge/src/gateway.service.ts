import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { FleetLinks, Self } from '#libs/fleet';
import {
  type Binding,
  decodePlayerMessage,
  type ErrorBody,
  encodeServerMessage,
  errorBody,
  HEADER,
  HoldfastError,
  KIND,
  PROTOCOL_VERSION,
  playerKindOf,
  readName,
  toErrorBody,
  unpackBody,
} from '#libs/protocol';
import { hashOf, type SessionNotice, SessionNotices, SessionStore } from '#libs/session';
import { Log, Metrics, Readiness } from '#libs/telemetry';
import { ClientTransport } from './client-transport.js';
import { EDGE_OPTIONS, type EdgeOptions, GOODBYE_MS, NOT_HERE_AFTER_MS, REQUESTS_MAX } from './edge.options.js';
import type { GatewaySession } from './gateway-session.js';
import { LobbyRouter } from './lobby-router.js';
import type { ConnectionEvents, PlayerConnection } from './player-connection.js';
import { type HeldGame, RoomLink } from './room-link.js';
import { SessionRestorer } from './session-restorer.js';
import { SessionTable } from './session-table.js';
import { TokenBucket } from './token-bucket.js';
import { Welcomer } from './welcomer.js';

export const CLIENT_TRANSPORTS = Symbol('ClientTransports');

/** What the gateway keeps of one socket. */
interface Guest {
  session: GatewaySession | null;
  isGreeting: boolean;
  readonly messages: TokenBucket;
  readonly bytes: TokenBucket;
  helloTimer: NodeJS.Timeout | null;
}

/** A tick for all connections: silence, slowness, and sessions to be kept alive. */
const TICK_MS = 1_000;
const REQUEST_TIMEOUT_MS = 15_000;

/**
 * The gateway proper: connections come in, say hello, and their frames go where they belong: requests to a lobby,
 * commands to the room. Holds sockets; what must outlive it is in the store.
 */
@Injectable()
export class GatewayService implements ConnectionEvents, OnModuleDestroy {
  private readonly connections = new Set<PlayerConnection>();
  private readonly perAddress = new Map<string, number>();
  private hellosPending = 0;
  private isClosing = false;
  private ticking: NodeJS.Timeout | null = null;
  private touchedAt = 0;
  readonly ports: Record<string, number> = {};

  constructor(
    @Inject(EDGE_OPTIONS) private readonly options: EdgeOptions,
    @Inject(CLIENT_TRANSPORTS) private readonly transports: readonly ClientTransport[],
    private readonly table: SessionTable,
    private readonly restorer: SessionRestorer,
    private readonly welcomer: Welcomer,
    private readonly lobbies: LobbyRouter,
    private readonly rooms: RoomLink,
    private readonly store: SessionStore,
    private readonly notices: SessionNotices,
    private readonly fleetLinks: FleetLinks,
    private readonly self: Self,
    private readonly log: Log,
    private readonly metrics: Metrics,
    private readonly readiness: Readiness,
  ) {}

  /** Opens the doors: after this, players come in. */
  async open(): Promise<void> {
    this.lobbies.gateway = this.self.id;
    this.fleetLinks.keep(['lobby', 'game']);
    await this.notices.onNotice(this.self.id, (notice) => this.noticed(notice));
    for (const transport of this.transports) this.ports[transport.name] = await transport.listen(this);
    this.ticking = setInterval(() => this.tick(), TICK_MS);
    this.readiness.add('players', () => (this.isClosing ? 'closing' : null));
  }

  /** Tells every player to come back elsewhere, and waits until what was sent is read, or `GOODBYE_MS` are over. */
  async close(): Promise<void> {
    if (this.isClosing) return;
    this.isClosing = true;
    for (const transport of this.transports) transport.close();
    for (const connection of this.connections)
      connection.goodbye({ code: 'shutting-down', reason: 'The gateway is shutting down.', retryAfterMs: 0 }, GOODBYE_MS);
    const deadline = performance.now() + 2 * GOODBYE_MS;
    while (this.connections.size > 0 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  onModuleDestroy(): void {
    if (this.ticking) clearInterval(this.ticking);
  }

  // ── ConnectionEvents ───────────────────────────────────────────────────────────────────────────────────────────

  opened(connection: PlayerConnection): void {
    const now = performance.now();
    const { messagesPerSecond, messagesBurst, bytesPerSecond, bytesBurst, helloTimeoutMs } = this.options;
    const ofAddress = (this.perAddress.get(connection.address) ?? 0) + 1;
    this.perAddress.set(connection.address, ofAddress);
    this.connections.add(connection);
    this.hellosPending += 1;
    this.metrics.connections.inc({ transport: connection.transport });
    const guest: Guest = {
      session: null,
      isGreeting: false,
      messages: new TokenBucket(messagesPerSecond, messagesBurst, now),
      bytes: new TokenBucket(bytesPerSecond, bytesBurst, now),
      helloTimer: setTimeout(() => this.part(connection, 'hello-timeout'), helloTimeoutMs),
    };
    connection.owner = guest;
    if (this.isClosing) this.part(connection, 'shutting-down');
    else if (
      ofAddress > this.options.connectionsPerAddress ||
      this.connections.size > this.options.connectionsMax ||
      this.hellosPending > this.options.hellosPendingMax
    ) {
      this.part(connection, 'too-many-connections');
    }
  }

  frame(connection: PlayerConnection, frame: Buffer): void {
    const guest = connection.owner as Guest;
    const now = performance.now();
    connection.heardAt = now;
    if (!connection.isOpen) return;
    if (!guest.messages.take(1, now) || !guest.bytes.take(frame.length, now)) return this.limited(connection, frame);
    try {
      this.dispatch(connection, guest, frame);
    } catch (error) {
      if (!(error instanceof HoldfastError)) {
        // A defect of ours, met by one frame: it costs that connection, and never the process with everyone's.
        this.log.error('frame.failed', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
        connection.goodbye({ code: 'internal', reason: 'Something went wrong on our side.', retryAfterMs: 500 }, GOODBYE_MS);
        return;
      }
      if (error.code === 'bad-frame') connection.goodbye({ code: error.code, reason: error.message }, GOODBYE_MS);
      else connection.send({ kind: 'error', ...error.toBody() });
    }
  }

  drained(connection: PlayerConnection): void {
    const { session } = connection.owner as Guest;
    if (session?.slowSince != null && connection.backlogBytes < this.options.backlogBytesMax / 2) this.rooms.letGo(session);
  }

  closed(connection: PlayerConnection): void {
    const guest = connection.owner as Guest | null;
    if (!guest || !this.connections.delete(connection)) return;
    this.metrics.connections.dec({ transport: connection.transport });
    const ofAddress = (this.perAddress.get(connection.address) ?? 1) - 1;
    if (ofAddress > 0) this.perAddress.set(connection.address, ofAddress);
    else this.perAddress.delete(connection.address);
    this.greeted(guest);
    const { session } = guest;
    if (session && session.connection === connection) this.disconnected(session);
  }

  // ── Frames ─────────────────────────────────────────────────────────────────────────────────────────────────────

  private dispatch(connection: PlayerConnection, guest: Guest, frame: Buffer): void {
    const { session } = guest;
    const kind = frame[0];
    if (kind === KIND.hello) {
      if (guest.isGreeting || session) throw new HoldfastError('already-welcome');
      void this.greet(connection, guest, frame);
      return;
    }
    if (kind === KIND.ping) {
      if (frame.length < HEADER.ping.length) throw new HoldfastError('bad-frame', 'A ping has five bytes.');
      connection.send({ kind: 'pong', nonce: frame.readUInt32BE(HEADER.ping.nonce) });
      return;
    }
    if (playerKindOf(kind) === null) throw new HoldfastError('unknown-kind');
    if (!session) throw new HoldfastError('hello-first');
    switch (kind) {
      case KIND.command:
        if (frame.length < HEADER.command.name || frame.length < HEADER.command.name + frame[HEADER.command.nameLength]) {
          throw new HoldfastError('bad-frame', 'A command ends within its header.');
        }
        this.rooms.command(session, frame);
        if (connection.backlogBytes > this.options.backlogBytesMax) this.rooms.holdBack(session);
        return;
      case KIND.request:
        void this.request(connection, session, frame);
        return;
      case KIND.bye:
        void this.bye(connection, session);
        return;
      default:
        // An acknowledgement of a version: the link's own flow is enough for us.
        return;
    }
  }

  private async greet(connection: PlayerConnection, guest: Guest, frame: Buffer): Promise<void> {
    guest.isGreeting = true;
    try {
      const hello = decodePlayerMessage(frame);
      if (hello.kind !== 'hello') return;
      const { session: id, secret, user, name, resumed, binding, held } = await this.welcomer.admit(hello);
      if (!connection.isOpen) return;
      this.greeted(guest);
      const session = this.sessionOf(id, user, name);
      const before = session.connection;
      session.connection = connection;
      session.secretHash = hashOf(secret);
      guest.session = session;
      if (before) this.part(before, 'replaced');
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
      const body = toErrorBody(error);
      if (body.code === 'internal')
        this.log.error('hello.failed', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      connection.goodbye(
        { code: body.code, reason: body.message, ...(body.retry && { retryAfterMs: body.retryAfterMs ?? 500 }) },
        GOODBYE_MS,
      );
    }
  }

  /** Into the room the store says they are in, which may not be the one we knew. */
  private place(session: GatewaySession, binding: Binding | null, held: HeldGame | null): void {
    if (session.binding && session.binding.room === binding?.room) this.rooms.reconnect(session, held);
    else if (binding) this.rooms.bind(session, binding, held);
    else this.rooms.unbind(session, 'left');
    if (binding && !binding.watching) this.lobbies.tell(session, 'member.presence', { room: binding.room, user: session.user, here: true });
  }

  private sessionOf(id: string, user: string, name: string): GatewaySession {
    const known = this.table.get(id);
    if (known) return known;
    // The same user with an older session here: it is over, by the store's word.
    const older = this.table.ofUser(user);
    if (older) this.endSession(older, 'replaced');
    return this.table.add(id, user, name);
  }

  private async request(connection: PlayerConnection, session: GatewaySession, frame: Buffer): Promise<void> {
    const answer = (data: unknown, error?: ErrorBody): void =>
      connection.sendFrame(encodeServerMessage(error ? { kind: 'response', id, error } : { kind: 'response', id, data }));
    if (frame.length < HEADER.request.name)
      return connection.goodbye({ code: 'bad-frame', reason: 'A request ends within its header.' }, GOODBYE_MS);
    const id = frame.readUInt32BE(HEADER.request.id);
    let operation: string;
    let data: unknown;
    try {
      const { name, end } = readName(frame, HEADER.request.nameLength);
      operation = name;
      data = unpackBody(frame, end);
    } catch (error) {
      return connection.goodbye({ code: 'bad-frame', reason: (error as Error).message }, GOODBYE_MS);
    }
    // Patterns between servers are not for players, whatever they guess.
    if (!PLAYER_OPERATIONS.has(operation))
      return answer(null, errorBody('unknown-operation', `There is no operation "${operation.slice(0, 64)}".`));
    if (session.requestsPending >= REQUESTS_MAX) return answer(null, errorBody('busy'));
    session.requestsPending += 1;
    try {
      const { data: result, binding } = await this.lobbies.ask(session, operation, data, REQUEST_TIMEOUT_MS);
      answer(result);
      if (binding === null) this.rooms.unbind(session, 'left');
      else if (binding) this.rooms.bind(session, binding);
    } catch (error) {
      answer(null, toErrorBody(error));
    } finally {
      session.requestsPending -= 1;
    }
  }

  private async bye(connection: PlayerConnection, session: GatewaySession): Promise<void> {
    const { binding } = session;
    guestOf(connection).session = null;
    session.connection = null;
    this.rooms.unbind(session, 'left');
    if (binding) this.lobbies.tell(session, 'member.gone', { room: binding.room, user: session.user });
    this.lobbies.tell(session, 'searcher.gone', { user: session.user });
    this.table.remove(session);
    connection.goodbye({ code: 'bye', reason: 'Goodbye.' }, GOODBYE_MS);
    await this.store.end(session.id).catch(() => {});
  }

  private limited(connection: PlayerConnection, frame: Buffer): void {
    const error = errorBody('rate-limited', undefined, true, 1_000);
    if (frame[0] === KIND.command && frame.length >= HEADER.command.name)
      connection.send({ kind: 'rejected', seq: frame.readUInt32BE(HEADER.command.seq), ...error });
    else if (frame[0] === KIND.request && frame.length >= HEADER.request.name)
      connection.send({ kind: 'response', id: frame.readUInt32BE(HEADER.request.id), error });
    else connection.send({ kind: 'error', ...error });
    // One that goes on without reading the answers is not slowed down by more of them.
    if (connection.backlogBytes > this.options.backlogBytesMax) this.part(connection, 'rate-limited');
  }

  // ── Coming and going ───────────────────────────────────────────────────────────────────────────────────────────

  private disconnected(session: GatewaySession): void {
    session.connection = null;
    this.rooms.disconnect(session);
    if (this.isClosing) return;
    const { binding } = session;
    const here = setTimeout(() => {
      if (binding && !binding.watching)
        this.lobbies.tell(session, 'member.presence', { room: binding.room, user: session.user, here: false });
      this.lobbies.tell(session, 'searcher.gone', { user: session.user });
    }, NOT_HERE_AFTER_MS);
    const gone = setTimeout(() => void this.gone(session), this.options.seatGraceMs);
    session.goneTimers.push(here, gone);
  }

  /** The grace is over. If the session lives elsewhere, and its notice was lost, it is not gone. */
  private async gone(session: GatewaySession): Promise<void> {
    const found = await this.store.find(session.user).catch(() => null);
    if (session.connection) return;
    const { binding } = session;
    if (binding && (found === null || found.session === session.id) && (found === null || found.gateway === this.self.id)) {
      this.lobbies.tell(session, 'member.gone', { room: binding.room, user: session.user });
    }
    this.rooms.unbind(session, 'away');
    this.table.remove(session);
  }

  private noticed(notice: SessionNotice): void {
    const id = 'session' in notice ? notice.session : undefined;
    const session = id !== undefined ? this.table.get(id) : notice.kind === 'replaced' ? undefined : this.table.ofUser(notice.user);
    if (!session) return;
    switch (notice.kind) {
      case 'replaced':
        return this.endSession(session, 'replaced');
      case 'bind':
        return this.rooms.bind(session, { room: notice.room, watching: notice.role === 'watcher', rev: notice.rev });
      case 'unbind':
        if (session.room === notice.room) this.rooms.unbind(session, 'left');
    }
  }

  /** The session is not this gateway's any more; its player is not away. */
  private endSession(session: GatewaySession, code: 'replaced'): void {
    const { connection } = session;
    session.connection = null;
    this.rooms.unbind(session, 'away');
    this.table.remove(session);
    if (connection) this.part(connection, code);
  }

  private part(
    connection: PlayerConnection,
    code: 'hello-timeout' | 'too-many-connections' | 'shutting-down' | 'replaced' | 'too-slow' | 'timed-out' | 'rate-limited',
  ): void {
    const { message, retry } = errorBody(code);
    connection.goodbye({ code, reason: message, ...(retry && { retryAfterMs: code === 'shutting-down' ? 0 : 1_000 }) }, GOODBYE_MS);
  }

  private greeted(guest: Guest): void {
    if (guest.helloTimer === null) return;
    clearTimeout(guest.helloTimer);
    guest.helloTimer = null;
    this.hellosPending -= 1;
  }

  private tick(): void {
    const now = performance.now();
    const { connectionTimeoutMs, backlogBytesMax, backlogTimeoutMs, sessionTtlMs } = this.options;
    for (const connection of this.connections) {
      const { session } = guestOf(connection);
      if (now - connection.heardAt > connectionTimeoutMs) this.part(connection, 'timed-out');
      else if (session && connection.backlogBytes > backlogBytesMax) this.rooms.holdBack(session);
      if (session?.slowSince != null && now - session.slowSince > backlogTimeoutMs) this.part(connection, 'too-slow');
    }
    this.restorer.look().catch((error: unknown) => this.log.debug('sessions.look-failed', { error: String(error) }));
    if (now - this.touchedAt > Math.min(30_000, sessionTtlMs / 3)) void this.touch(now);
  }

  private async touch(now: number): Promise<void> {
    this.touchedAt = now;
    const connected = [...this.table.all()].filter(({ connection }) => connection !== null);
    try {
      // First, or a session that the store lost would be taken for one that is over.
      await this.restorer.look();
      const over = await this.store.touch(connected.map(({ id, user }) => ({ session: id, user })));
      for (const id of over) {
        const session = this.table.get(id);
        if (session) this.endSession(session, 'replaced');
      }
    } catch (error) {
      this.log.warn('sessions.touch-failed', { error: String(error) });
    }
  }
}

const PLAYER_OPERATIONS: ReadonlySet<string> = new Set([
  'games.list',
  'rooms.list',
  'rooms.create',
  'rooms.join',
  'rooms.watch',
  'rooms.leave',
  'rooms.ready',
  'rooms.start',
  'match.find',
  'match.cancel',
  'me',
]);

function guestOf(connection: PlayerConnection): Guest {
  return connection.owner as Guest;
}
