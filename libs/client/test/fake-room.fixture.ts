import {
  type Command,
  errorBody,
  type GameEvent,
  HoldfastError,
  type Patch,
  type RoomId,
  type RoomMember,
  type RoomView,
  type ServerMessage,
  type UserId,
} from '#libs/protocol';
import type { FakeSession, Line } from './fake-session.fixture.js';

/** A room together with its owner. It applies each command once, repeats its answer to a repeated command, and sends patches. */
export class FakeRoom {
  view: RoomView;
  epoch = 100;
  version = 0;
  round = -1;
  /** The version of the game that the server reports. Undefined: the server does not report it. */
  gameVersion: number | undefined;
  state: Tally = { total: 0, added: [] };
  readonly watchers = new Set<FakeSession>();
  readonly seats: FakeSeat[] = [];
  /** True: the room applies commands, but sends no answers and no syncs. */
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

  /** Continues the room in a new epoch, as after a migration to another owner. */
  move(): void {
    this.epoch += 1;
    this.tell({ kind: 'resumed', room: this.view.id, reason: 'owner' });
    for (const session of this.everyone()) this.attach(session, undefined);
  }

  /** Returns whether the game of this round has ended, and the next game has not begun. */
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
      ...(this.gameVersion !== undefined && { gameVersion: this.gameVersion }),
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

export interface Tally {
  total: number;
  added: number[];
}

interface FakeSeat {
  readonly session: FakeSession;
  seq: number;
  readonly refused: Map<number, string>;
}
