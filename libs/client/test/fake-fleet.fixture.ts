import {
  errorBody,
  HoldfastError,
  type PlayerMessage,
  PROTOCOL_VERSION,
  type Request,
  type RoomId,
  type SessionId,
  type UserId,
} from '#libs/protocol';
import { CompactSyncs } from './compact-syncs.fixture.js';
import { FakeRoom } from './fake-room.fixture.js';
import type { FakeSession, Line } from './fake-session.fixture.js';

/**
 * A minimal fleet for tests of the client. It speaks the real codec over real sockets, and keeps the promises of
 * `docs/protocol.md`. Its only game is `tally`: `add { n }` adds a number that is not negative, and `finish` ends the game.
 */
export class FakeFleet {
  readonly sessions = new Map<string, FakeSession>();
  readonly lines = new Set<Line>();
  readonly heard: PlayerMessage[] = [];
  room: FakeRoom | null = null;
  pingMs = 5_000;
  /** Whether the fleet supports compact syncs. False: it behaves like an older version of Holdfast. */
  isCompactKnown = true;
  /** Called with each message before the fleet handles it. Returns true when the fleet must ignore the message. */
  intercept: (message: PlayerMessage, line: Line) => boolean = () => false;
  private readonly waiting: FakeSession[] = [];
  private count = 0;

  take(message: PlayerMessage, line: Line): void {
    this.heard.push(message);
    if (this.intercept(message, line)) return;
    switch (message.kind) {
      case 'hello':
        return this.hello(message, line);
      case 'request':
        return this.request(message, line);
      case 'command':
        return this.room?.command(message, line);
      case 'ping':
        return line.send({ kind: 'pong', nonce: message.nonce });
      case 'bye':
        if (line.session) this.sessions.delete(line.session.id);
        return;
      case 'ack':
      case 'input':
        return;
    }
  }

  /** Sends every client a frame that cannot be decoded. */
  sendGarbage(): void {
    for (const line of this.lines) line.garble();
  }

  cutAll(): void {
    for (const line of this.lines) line.cut();
  }

  heardKinds<Kind extends PlayerMessage['kind']>(kind: Kind): Extract<PlayerMessage, { kind: Kind }>[] {
    return this.heard.filter((message): message is Extract<PlayerMessage, { kind: Kind }> => message.kind === kind);
  }

  private hello({ name, session: id, secret, room, round, version, compact }: Extract<PlayerMessage, { kind: 'hello' }>, line: Line): void {
    if (compact && this.isCompactKnown) line.isCompact = true;
    const known = id === undefined ? undefined : this.sessions.get(id);
    if (id !== undefined && known?.secret !== secret) return this.goodbye(line, 'session-unknown');
    if (known === undefined && (name === undefined || name === '')) return this.goodbye(line, 'unauthorized');
    this.count += 1;
    const session = known ?? {
      id: `s${this.count}`,
      user: `u${this.count}`,
      name: name as string,
      secret: '',
      line: null,
      searching: null,
      syncs: new CompactSyncs(),
    };
    this.sessions.set(session.id, session);
    if (session.line) this.goodbye(session.line, 'replaced');
    session.secret = `secret-${this.count}`;
    session.line = line;
    line.session = session;
    const { user } = session;
    line.send({
      kind: 'welcome',
      protocol: PROTOCOL_VERSION,
      session: session.id as SessionId,
      secret: session.secret,
      user: user as UserId,
      name: session.name,
      resumed: known !== undefined,
      server: 'hf:gateway:fake',
      pingMs: this.pingMs,
    });
    if (this.room?.has(session)) {
      line.send({ kind: 'room', room: this.room.view });
      const holds = room === this.room.view.id;
      if (holds && this.room.isOver(round)) this.room.tellEnd(session);
      else this.room.attach(session, holds && round === this.room.round ? version : undefined);
    }
  }

  goodbye(line: Line, code: string, retryAfterMs?: number): void {
    line.send({ kind: 'goodbye', code, reason: errorBody(code).message, retryAfterMs });
    if (line.session?.line === line) line.session.line = null;
    line.cut();
  }

  private request(request: Request, line: Line): void {
    const { session } = line;
    if (!session) return line.send({ kind: 'error', ...errorBody('hello-first') });
    try {
      line.send({ kind: 'response', id: request.id, data: this.answer(request, session) });
    } catch (error) {
      line.send({ kind: 'response', id: request.id, error: (error as HoldfastError).toBody() });
    }
  }

  private answer({ operation, data }: Request, session: FakeSession): unknown {
    const asked = (data ?? {}) as { game?: string; room?: string; ready?: boolean };
    switch (operation) {
      case 'games.list':
        return { games: [{ name: 'tally', seats: { min: 1, max: 2 } }] };
      case 'rooms.list':
        return { rooms: [] };
      case 'rooms.create':
        if (asked.game !== 'tally') throw new HoldfastError('unknown-game');
        this.room = new FakeRoom('r1' as RoomId, session);
        return { room: this.room.view };
      case 'rooms.join':
        this.theRoom(asked.room as RoomId).join(session);
        return { room: this.theRoom(asked.room as RoomId).view };
      case 'rooms.watch':
        this.theRoom(asked.room as RoomId).watchers.add(session);
        queueMicrotask(() => this.room?.attach(session, undefined));
        return { room: this.theRoom(asked.room as RoomId).view };
      case 'rooms.ready':
        this.theRoom().ready(session, asked.ready ?? true);
        return { room: this.theRoom().view };
      case 'rooms.start':
        queueMicrotask(() => this.room?.start());
        return { room: this.theRoom().view };
      case 'rooms.cancelStart':
        return { room: this.theRoom().view };
      case 'rooms.leave': {
        const { id } = this.theRoom().view;
        this.room = null;
        queueMicrotask(() => session.line?.send({ kind: 'room', room: null, reason: 'left' }));
        return { left: id };
      }
      case 'match.find': {
        const partner = this.waiting.shift();
        if (!partner) {
          this.waiting.push(session);
          session.searching = 'tally';
          return { waiting: true };
        }
        partner.searching = null;
        this.room = new FakeRoom('r-match' as RoomId, partner);
        this.room.join(session);
        return { room: this.room.view };
      }
      case 'match.cancel':
        session.searching = null;
        return { cancelled: this.waiting.splice(0).length > 0 };
      case 'me':
        return {
          user: session.user,
          name: session.name,
          session: session.id,
          room: this.room?.has(session) ? this.room.view : null,
          watching: false,
          searching: session.searching,
        };
      default:
        throw new HoldfastError('unknown-operation');
    }
  }

  private theRoom(id = this.room?.view.id): FakeRoom {
    if (!this.room || this.room.view.id !== id) throw new HoldfastError('room-unknown');
    return this.room;
  }
}
