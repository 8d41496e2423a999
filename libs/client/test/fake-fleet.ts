import { createServer, type Server, type Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import {
  type Command,
  decodePlayerMessage,
  encodeServerMessage,
  errorBody,
  FrameSplitter,
  type GameEvent,
  HoldfastError,
  type Patch,
  type PlayerMessage,
  PROTOCOL_VERSION,
  playerMessageFromJson,
  type Request,
  type RoomId,
  type RoomMember,
  type RoomView,
  type ServerMessage,
  type SessionId,
  SUBPROTOCOL_JSON,
  type UserId,
} from '#libs/protocol';

/** One connection of a player, from the fleet's side. */
export interface Line {
  readonly transport: 'binary' | 'json' | 'tcp';
  session: FakeSession | null;
  send(message: ServerMessage): void;
  garble(): void;
  /** Cuts the connection without a goodbye, as a dying gateway does. */
  cut(): void;
}

interface FakeSession {
  readonly id: string;
  readonly user: string;
  readonly name: string;
  secret: string;
  line: Line | null;
  searching: string | null;
}

interface FakeSeat {
  readonly session: FakeSession;
  seq: number;
  readonly refused: Map<number, string>;
}

export interface Tally {
  total: number;
  added: number[];
}

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

  private hello({ name, session: id, secret, room, round, version }: Extract<PlayerMessage, { kind: 'hello' }>, line: Line): void {
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

/** A room together with its owner. It applies each seq once, answers a repeated seq as before, and sends patches. */
export class FakeRoom {
  view: RoomView;
  epoch = 100;
  version = 0;
  round = -1;
  state: Tally = { total: 0, added: [] };
  readonly watchers = new Set<FakeSession>();
  readonly seats: FakeSeat[] = [];
  /** While true, the room applies commands and sends nothing. */
  mute = false;
  private readonly changes: { patches: Patch[]; events: GameEvent[] }[] = [];

  constructor(id: RoomId, owner: FakeSession) {
    this.view = { id, game: 'tally', name: 'a room', status: 'waiting', rev: 1, owner: owner.user as UserId, seats: 2, members: [] };
    this.join(owner);
  }

  has(session: FakeSession): boolean {
    return this.seats.some((seat) => seat.session === session) || this.watchers.has(session);
  }

  join(session: FakeSession): void {
    if (this.seats.length === this.view.seats) throw new HoldfastError('room-full');
    this.seats.push({ session, seq: 0, refused: new Map() });
    const member: RoomMember = { user: session.user as UserId, name: session.name, seat: this.seats.length - 1, ready: false, here: true };
    this.change({ members: [...this.view.members, member] });
  }

  ready(session: FakeSession, ready: boolean): void {
    this.change({ members: this.view.members.map((member) => (member.user === session.user ? { ...member, ready } : member)) });
  }

  start(): void {
    this.epoch += 1;
    this.round += 1;
    this.version = 0;
    this.state = { total: 0, added: [] };
    this.changes.length = 0;
    for (const seat of this.seats) {
      seat.seq = 0;
      seat.refused.clear();
    }
    this.change({ status: 'playing' });
    for (const session of this.everyone()) this.attach(session, undefined);
  }

  /** Continues the room under a new epoch, as another owner would. */
  move(): void {
    this.epoch += 1;
    this.tell({ kind: 'resumed', room: this.view.id, reason: 'recovered' });
    for (const session of this.everyone()) this.attach(session, undefined);
  }

  /** True when the game that the client names has ended. */
  isOver(round: number | undefined): boolean {
    return this.view.status === 'waiting' && round === this.round;
  }

  /** Sends the last state and the result to a client that was away at the end. */
  tellEnd(session: FakeSession): void {
    const seat = this.seats.find((each) => each.session === session);
    session.line?.send({ kind: 'sync', room: this.view.id, version: this.version, seq: seat?.seq ?? 0, state: this.state });
    session.line?.send({ kind: 'ended', room: this.view.id, ...(this.view.lastResult ?? { reason: 'abandoned' }) });
  }

  attach(session: FakeSession, version: number | undefined): void {
    if (this.view.status !== 'playing') return;
    const seat = this.seats.findIndex((each) => each.session === session);
    const { seq, refused } = this.seats[seat] ?? { seq: 0, refused: new Map<number, string>() };
    const players = this.seats.map((each, index) => ({ seat: index, name: each.session.name }));
    const { line } = session;
    const room = this.view.id;
    const seen = Math.max(seq, ...refused.keys());
    line?.send({
      kind: 'placed',
      room,
      game: 'tally',
      seat: seat < 0 ? null : seat,
      epoch: this.epoch,
      round: this.round,
      players,
      seq: seen,
    });
    for (const [refusedSeq, code] of refused) line?.send({ kind: 'rejected', seq: refusedSeq, ...errorBody(code) });
    if (version === undefined) return line?.send({ kind: 'sync', room, version: this.version, seq, state: this.state });
    const since = this.changes.slice(version);
    line?.send({
      kind: 'sync',
      room,
      from: version,
      version: this.version,
      seq,
      patches: since.flatMap(({ patches }) => patches),
      events: since.flatMap(({ events }) => events),
    });
  }

  command({ seq, settled = seq - 1, name, data }: Command, line: Line): void {
    const seat = this.seats.find(({ session }) => session === line.session);
    if (!seat) return line.send({ kind: 'rejected', seq, ...errorBody('spectator') });
    const refusal = seat.refused.get(seq);
    if (refusal) return this.say(line, { kind: 'rejected', seq, ...errorBody(refusal) });
    if (seq <= seat.seq) return this.say(line, this.syncTo(seat, this.version, { patches: [], events: [] }));
    const seen = Math.max(seat.seq, ...seat.refused.keys());
    if (seq > seen + 1 && settled < seq - 1) return;
    const n = (data as { n?: number } | undefined)?.n ?? 0;
    if (name === 'finish') return this.finish(seat, seq);
    if (n < 0) {
      seat.refused.set(seq, 'negative');
      return this.say(line, { kind: 'rejected', seq, ...errorBody('negative', 'A number below zero.') });
    }
    seat.seq = seq;
    const patches: Patch[] = [
      { op: 'replace', path: '/total', value: this.state.total + n },
      { op: 'add', path: `/added/${this.state.added.length}`, value: n },
    ];
    const events = [{ version: this.version + 1, name: 'added', data: { n } }];
    this.state = { total: this.state.total + n, added: [...this.state.added, n] };
    this.publish(patches, events);
  }

  private finish(seat: FakeSeat, seq: number): void {
    seat.seq = seq;
    this.publish([], []);
    this.tell({ kind: 'ended', room: this.view.id, reason: 'finished', result: { total: this.state.total } });
    this.change({ status: 'waiting', lastResult: { reason: 'finished', result: { total: this.state.total } } });
  }

  private publish(patches: Patch[], events: GameEvent[]): void {
    const from = this.version;
    this.version += 1;
    this.changes.push({ patches, events });
    for (const seat of this.seats) if (seat.session.line) this.say(seat.session.line, this.syncTo(seat, from, { patches, events }));
    for (const { line } of this.watchers) if (line) this.say(line, this.syncTo({ seq: 0 }, from, { patches, events }));
  }

  private syncTo({ seq }: { seq: number }, from: number, { patches, events }: { patches: Patch[]; events: GameEvent[] }): ServerMessage {
    return { kind: 'sync', room: this.view.id, from, version: this.version, seq, patches, events };
  }

  change(fields: Partial<RoomView>): void {
    this.view = { ...this.view, ...fields, rev: this.view.rev + 1 };
    this.tell({ kind: 'room', room: this.view });
  }

  tell(message: ServerMessage): void {
    for (const { line } of this.everyone()) if (line) this.say(line, message);
  }

  private everyone(): FakeSession[] {
    return [...this.seats.map(({ session }) => session), ...this.watchers];
  }

  private say(line: Line, message: ServerMessage): void {
    if (!this.mute) line.send(message);
  }
}

/** The entry to the fleet: a WebSocket port and a TCP port on loopback. */
export class FakeGateway {
  url = '';
  tcpUrl = '';
  private readonly lines = new Set<Line>();
  private webSockets: WebSocketServer | undefined;
  private tcp: Server | undefined;

  constructor(readonly fleet: FakeFleet) {}

  static async open(fleet: FakeFleet): Promise<FakeGateway> {
    const gateway = new FakeGateway(fleet);
    await gateway.listen();
    return gateway;
  }

  private async listen(): Promise<void> {
    const webSockets = new WebSocketServer({ port: 0, host: '127.0.0.1', path: '/play' });
    this.webSockets = webSockets;
    webSockets.on('connection', (socket) => {
      const isJson = socket.protocol === SUBPROTOCOL_JSON;
      const line = this.line(
        isJson ? 'json' : 'binary',
        (message) => socket.send(isJson ? JSON.stringify(message) : encodeServerMessage(message)),
        () => socket.send(isJson ? '{"kind":' : GARBAGE),
        () => socket.close(1001),
      );
      socket.on('message', (data: Buffer) =>
        this.fleet.take(isJson ? playerMessageFromJson(data.toString()) : decodePlayerMessage(data), line),
      );
      socket.on('close', () => this.forget(line));
    });
    const tcp = createServer((socket) => this.tcpPlayer(socket));
    this.tcp = tcp;
    await Promise.all([
      new Promise((resolve) => webSockets.once('listening', resolve)),
      new Promise<void>((resolve) => void tcp.listen(0, '127.0.0.1', resolve)),
    ]);
    this.url = `ws://127.0.0.1:${portOf(webSockets)}/play`;
    this.tcpUrl = `tcp://127.0.0.1:${portOf(tcp)}`;
  }

  async close(): Promise<void> {
    for (const line of this.lines) line.cut();
    await Promise.all([
      new Promise((resolve) => (this.webSockets ? this.webSockets.close(resolve) : resolve(null))),
      new Promise((resolve) => (this.tcp ? this.tcp.close(resolve) : resolve(null))),
    ]);
  }

  private tcpPlayer(socket: Socket): void {
    const line = this.line(
      'tcp',
      (message) => {
        const frame = encodeServerMessage(message);
        const length = Buffer.alloc(4);
        length.writeUInt32BE(frame.length);
        socket.write(Buffer.concat([length, frame]));
      },
      () => socket.write(Buffer.concat([Buffer.from([0, 0, 0, GARBAGE.length]), GARBAGE])),
      () => socket.end(),
    );
    const splitter = new FrameSplitter(16_384, (frame) => this.fleet.take(decodePlayerMessage(frame), line));
    socket.on('data', (chunk) => splitter.push(chunk));
    socket.on('error', () => {});
    socket.on('close', () => this.forget(line));
  }

  private line(transport: Line['transport'], send: Line['send'], garble: () => void, cut: () => void): Line {
    const line: Line = { transport, session: null, send, garble, cut };
    this.lines.add(line);
    this.fleet.lines.add(line);
    return line;
  }

  private forget(line: Line): void {
    this.lines.delete(line);
    this.fleet.lines.delete(line);
    if (line.session?.line === line) line.session.line = null;
  }
}

/** A sync whose body ends inside a map. */
const GARBAGE = Buffer.from([0x85, 0, 0, 0, 1, 0, 0, 0, 1, 0x82, 0xa1]);

function portOf(server: { address(): unknown }): number {
  return (server.address() as { port: number }).port;
}
