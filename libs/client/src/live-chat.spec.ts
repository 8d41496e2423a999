import type { ChatEntry, ChatMessage, RoomId, UserId } from '#libs/protocol';
import { HoldfastError } from '#libs/protocol';
import { until } from '../../../tools/process/until.mjs';
import { Emitter } from './emitter.js';
import { type ChatSession, openChat } from './live-chat.js';
import type { SessionEvents } from './session.js';

const ROOM = 'r-1' as RoomId;
const entry = (seq: number): ChatEntry => ({ seq, user: 'u-1' as UserId, name: 'Ada', time: 1_000 + seq, text: `text ${seq}` });

/** A session whose server stores the messages of one channel. */
class FakeSession implements ChatSession {
  readonly emitter = new Emitter<SessionEvents>();
  readonly leaving = new Emitter<{ left: [] }>();
  readonly room = { id: ROOM, on: (name: 'left', listener: () => void) => this.leaving.on(name, listener) };
  stored: ChatEntry[] = [];
  readonly requests: { operation: string; data: Record<string, unknown> }[] = [];
  /** The errors with which the server refuses the next requests, in order. */
  failures: HoldfastError[] = [];
  /** Maximum number of messages in one answer. */
  page = 50;
  /** Each answer waits until this promise resolves. */
  gate: Promise<void> = Promise.resolve();
  private readonly byId = new Map<unknown, ChatEntry>();

  on: ChatSession['on'] = (name, listener) => this.emitter.on(name, listener);

  request = (async (operation: string, data: Record<string, unknown>): Promise<unknown> => {
    this.requests.push({ operation, data });
    const answer = operation === 'chat.send' ? this.send(data) : this.history(data);
    await this.gate;
    const failure = this.failures.shift();
    if (failure) throw failure;
    return answer;
  }) as ChatSession['request'];

  /** Stores a message, and delivers it unless its publication is lost. */
  store(seq: number, isLost = false): void {
    this.stored.push(entry(seq));
    if (!isLost) this.deliver(seq);
  }

  deliver(seq: number, channel: Partial<ChatMessage> = { room: ROOM }): void {
    this.emitter.emit('chat', { kind: 'chat', ...channel, ...entry(seq) });
  }

  private send({ id }: Record<string, unknown>): unknown {
    const known = this.byId.get(id) ?? entry((this.stored.at(-1)?.seq ?? 0) + 1);
    if (!this.byId.has(id)) this.stored.push(known);
    this.byId.set(id, known);
    return { message: known };
  }

  private history({ after }: Record<string, unknown>): unknown {
    const later = this.stored.filter(({ seq }) => seq > Number(after ?? 0));
    const messages = after === undefined ? later.slice(-this.page) : later.slice(0, this.page);
    const isMissed = after !== undefined && messages.length > 0 && messages[0].seq > Number(after) + 1;
    return { messages, last: this.stored.at(-1)?.seq ?? 0, ...(isMissed && { missed: true }) };
  }
}

describe('a chat of the client', () => {
  const open = (session: FakeSession, channel: Parameters<typeof openChat>[1] = { to: 'room' }) => {
    const chat = openChat(session, channel);
    const seen: (number | string)[] = [];
    chat.on('message', ({ seq }) => seen.push(seq));
    chat.on('missed', () => seen.push('missed'));
    chat.on('closed', () => seen.push('closed'));
    return { chat, seen };
  };

  it('emits stored messages before new messages, each message once', async () => {
    const session = new FakeSession();
    session.store(1, true);
    session.store(2, true);
    const { chat, seen } = open(session);
    session.store(3);
    session.deliver(2);
    await until(() => seen.length === 3);
    session.store(4);
    session.deliver(4);
    expect(seen).toEqual([1, 2, 3, 4]);
    expect(chat.messages.map(({ text }) => text)).toEqual(['text 1', 'text 2', 'text 3', 'text 4']);
  });

  it('reads missing messages page by page, in order', async () => {
    const session = new FakeSession();
    const { seen } = open(session);
    session.store(1);
    await until(() => seen.length === 1);
    session.page = 2;
    for (let seq = 2; seq <= 6; seq++) session.store(seq, true);
    session.store(7);
    session.store(8);
    await until(() => seen.length === 8);
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('reports a gap when the server has deleted messages that the client lacks', async () => {
    const session = new FakeSession();
    const { seen } = open(session);
    session.store(1);
    await until(() => seen.length === 1);
    session.stored = [entry(9)];
    session.store(10);
    await until(() => seen.includes(10));
    expect(seen).toEqual([1, 'missed', 9, 10]);
  });

  it('emits a message from the server even when the store has lost the message', async () => {
    const session = new FakeSession();
    const { seen } = open(session);
    session.store(1);
    await until(() => seen.length === 1);
    session.deliver(5);
    await until(() => seen.includes(5));
    const { length } = session.requests;
    await new Promise((resolve) => setImmediate(resolve));
    expect([seen, session.requests.length]).toEqual([[1, 5], length]);
  });

  it('reads missing messages after a new connection', async () => {
    const session = new FakeSession();
    const { seen } = open(session);
    session.store(1);
    await until(() => seen.length === 1);
    session.store(2, true);
    session.emitter.emit('status', 'reconnecting');
    session.emitter.emit('status', 'open');
    await until(() => seen.length === 2);
    expect(session.requests.at(-1)).toEqual({ operation: 'chat.history', data: { to: 'room', room: ROOM, after: 1 } });
  });

  it('emits a message only once when the request is repeated after a lost answer', async () => {
    const session = new FakeSession();
    const { chat, seen } = open(session);
    await until(() => session.requests.length === 1);
    session.failures = [new HoldfastError('server-lost')];
    expect(await chat.send('text 1')).toEqual(entry(1));
    session.deliver(1);
    const ids = session.requests.filter(({ operation }) => operation === 'chat.send').map(({ data }) => data.id);
    expect([ids.length, new Set(ids).size, session.stored.length]).toEqual([2, 1, 1]);
    await until(() => seen.length === 1);
    expect(seen).toEqual([1]);
  });

  it.each(['rate-limited', 'chat-refused', 'chat-muted'])('does not repeat a message that was refused with `%s`', async (code) => {
    const session = new FakeSession();
    const { chat } = open(session);
    await until(() => session.requests.length === 1);
    session.failures = [new HoldfastError(code)];
    await expect(chat.send('x')).rejects.toMatchObject({ code });
    expect(session.requests).toHaveLength(2);
  });

  it('ends when the player leaves the room', async () => {
    const session = new FakeSession();
    const { chat, seen } = open(session);
    session.leaving.emit('left');
    session.store(1);
    await expect(chat.send('x')).rejects.toMatchObject({ code: 'not-in-room' });
    expect([chat.isClosed, seen]).toEqual([true, ['closed']]);
  });

  it('emits only messages of its own channel', async () => {
    const session = new FakeSession();
    const { chat, seen } = open(session, { to: 'lobby', game: 'chess' });
    session.deliver(1);
    session.stored = [entry(1)];
    session.deliver(1, { lobby: 'chess' });
    await until(() => seen.length === 1);
    chat.close();
    expect(session.requests.map(({ data }) => data)).toEqual([
      { to: 'lobby', game: 'chess', follow: true },
      ...session.requests.slice(1, -1).map(({ data }) => data),
      { to: 'lobby', game: 'chess', limit: 1, follow: false },
    ]);
  });

  it('cannot be opened when the player is in no room', () => {
    expect(() => openChat({ request: jest.fn(), on: jest.fn(), room: null }, { to: 'room' })).toThrow('not in a room');
  });
});
