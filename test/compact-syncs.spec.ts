import { WebSocket } from 'ws';
import type { Room, Session, WebSocketConstructor } from '#libs/client';
import { connect, type NodeConnectOptions } from '#libs/client/node';
import { encodeCompactSync, KIND } from '#libs/protocol';
import { encodePatch } from '#libs/state-patch';
import { type Fleet, type Ledger, type LedgerState, startFleet, until } from './harness/index.js';

const SOON = { timeoutMs: 10_000 };

/** A WebSocket of the client that records the frames of the server. */
class RecordingSocket extends WebSocket {
  static readonly opened: RecordingSocket[] = [];
  readonly frames: Uint8Array[] = [];

  constructor(url: string, protocols: string | string[]) {
    super(url, protocols);
    RecordingSocket.opened.push(this);
    this.on('message', (data: ArrayBuffer) => this.frames.push(new Uint8Array(data)));
  }

  framesOf(kind: number): Uint8Array[] {
    return this.frames.filter(([first]) => first === kind);
  }

  /** Passes a frame to the client as if the server had sent it. */
  inject(frame: Uint8Array): void {
    this.onmessage?.({ data: Uint8Array.from(frame).buffer } as never);
  }
}

describe('a fleet whose clients read compact syncs', () => {
  let fleet: Fleet;
  let sessions: Session[] = [];

  beforeAll(async () => {
    fleet = await startFleet({ gateways: 2, lobbies: 1, games: 2, testGames: { turnMs: 60_000 } });
  }, 60_000);

  afterEach(() => {
    for (const session of sessions) session.close();
    sessions = [];
  });

  afterAll(() => fleet.stop());

  async function player(name: string, options: NodeConnectOptions = {}, url = fleet.gateways[0]?.publicUrl as string): Promise<Session> {
    const WebSocketClass = RecordingSocket as unknown as WebSocketConstructor;
    const session = await connect(url, { name, WebSocket: WebSocketClass, reconnect: { firstMs: 20, maxMs: 200 }, ...options });
    sessions.push(session);
    return session;
  }

  /** Starts a game of two players. The socket belongs to the first player. */
  async function play(others: NodeConnectOptions = {}): Promise<{ room: Room<Ledger>; other: Room<Ledger>; socket: RecordingSocket }> {
    const ada = await player('Ada');
    const socket = RecordingSocket.opened.at(-1) as RecordingSocket;
    const bob = await player('Bob', others, fleet.gateways[1]?.publicUrl);
    const room = await ada.createRoom<Ledger>({ game: 'ledger', private: true });
    const other = await bob.joinRoom<Ledger>(room.id);
    await other.ready();
    await room.start();
    for (const each of [room, other]) await each.waitFor(({ version }) => version >= 0, SOON);
    return { room, other, socket };
  }

  /** Sends notes from both seats, and expects both clients to see the same state. */
  async function note(rooms: readonly Room<Ledger>[], round: string): Promise<void> {
    for (const [seat, room] of rooms.entries()) for (const count of [1, 2, 3]) await room.send('note', { id: `${round}-${seat}-${count}` });
    for (const room of rooms) {
      await room.waitFor(({ state }) => (state as LedgerState).applied[1]?.at(-1) === `${round}-1-3`, SOON);
      expect((room.state as LedgerState).applied.map((notes) => notes.slice(-3))).toEqual(
        [0, 1].map((seat) => [1, 2, 3].map((count) => `${round}-${seat}-${count}`)),
      );
    }
  }

  it.each<[string, NodeConnectOptions]>([
    ['compact', {}],
    ['MessagePack with RFC 6902', { compact: null }],
    ['JSON', { subprotocol: 'json' }],
  ])('shows the same states to clients with compact syncs and with %s', async (_form, others) => {
    const { room, other, socket } = await play(others);
    expect(socket.protocol).toBe('holdfast.v1.compact');
    await note([room, other], 'a');
    expect(room.state).toEqual(other.state);
    expect(socket.framesOf(KIND.compact).length).toBeGreaterThanOrEqual(7);
    expect(socket.framesOf(KIND.sync)).toEqual([]);
  });

  it('sends compact syncs over TCP and to spectators', async () => {
    const { room, other } = await play();
    const watcher = await player('Cyd', {}, fleet.gateways[0]?.tcpUrl);
    const watched = await watcher.watchRoom<Ledger>(room.id);
    await watched.waitFor(({ version }) => version >= 0, SOON);
    const inputs: unknown[] = [];
    watched.on('sync', ({ input }) => inputs.push(input));
    await note([room, other], 'a');
    await watched.waitFor(({ state }) => (state as LedgerState).applied[1]?.length === 3, SOON);
    expect(watched.state).toEqual(room.state);
    // Only compact syncs have the field `input`, so all of these syncs were compact.
    expect(new Set(inputs)).toEqual(new Set([0]));
  });

  it('acknowledges a command without a visible change in at most 12 bytes, and only to its player', async () => {
    const { room, other, socket } = await play();
    await note([room, other], 'a');
    const { state } = room;
    const before = socket.framesOf(KIND.compact).length;
    const otherVersion = other.version;
    await room.send('wind', { ms: 60_000 });
    const acknowledged = socket.framesOf(KIND.compact).slice(before);
    expect(acknowledged.map(({ length }) => length <= 12)).toEqual([true]);
    expect(room.state).toBe(state);
    expect(other.version).toBe(otherVersion);
    // The other player received no sync for the last change, because that player cannot see the change. So the next syncs of the two
    // players begin at different versions.
    await note([room, other], 'b');
    expect(RecordingSocket.opened.slice(-2).every(({ readyState }) => readyState === WebSocket.OPEN)).toBe(true);
  });

  it('shows a reconnected client the same state as the other players', async () => {
    const { room, other, socket } = await play();
    await note([room, other], 'a');
    socket.terminate();
    await note([room, other], 'b');
    expect(room.state).toEqual(other.state);
    expect(RecordingSocket.opened.at(-1)).not.toBe(socket);
    expect((RecordingSocket.opened.at(-1) as RecordingSocket).framesOf(KIND.compact).length).toBeGreaterThan(0);
  });

  it('reconnects a client after a patch that is invalid or made for a different state', async () => {
    const { room, other, socket } = await play();
    await note([room, other], 'a');
    const frame = { kind: 'compact', seq: 0, input: 0, version: room.version + 1, from: room.version } as const;
    for (const wrong of [
      encodeCompactSync({ ...frame, patch: encodePatch({ a: { b: 1 } }, { a: { b: 2 } }) }),
      encodeCompactSync({ ...frame, from: room.version + 1, version: room.version + 2, patch: new Uint8Array(0) }),
      Uint8Array.of(KIND.compact, 0, 0, 0x82, 1, 1),
    ]) {
      const sockets = RecordingSocket.opened.length;
      (RecordingSocket.opened.findLast(({ onmessage, url }) => onmessage !== null && url === socket.url) as RecordingSocket).inject(wrong);
      await until(() => RecordingSocket.opened.length > sockets);
      await room.waitFor(({ status }) => status === 'playing', SOON);
      await note([room, other], `after-${sockets}`);
      expect(room.state).toEqual(other.state);
    }
  }, 30_000);

  it('sends a spectator one sync for each change of the state', async () => {
    const { room } = await play();
    const watcher = await player('Cyd');
    const socket = RecordingSocket.opened.at(-1) as RecordingSocket;
    const watched = await watcher.watchRoom<Ledger>(room.id);
    await watched.waitFor(({ version }) => version >= 0, SOON);
    const before = watched.version;
    for (let count = 0; count < 5; count++) await room.send('wind', { ms: 60_000 + count });
    await room.send('note', { id: 'seen' });
    await watched.waitFor(({ version }) => version > before, SOON);
    expect(watched.version).toBe(before + 6);
    expect(watched.state).toEqual(room.state);
    expect(socket.framesOf(KIND.compact)).toHaveLength(2);
  });

  it('shows all clients the same state after the loss of their gateway', async () => {
    const [gateway] = fleet.gateways;
    const { rooms } = await fleet.twoPlayersInAGame<Ledger>('ledger', [{ gateway }, { gateway, encoding: 'binary' }]);
    const watchers = await Promise.all((['json', 'tcp'] as const).map((encoding) => fleet.newPlayer('Eve', { gateway, encoding })));
    const all = [...rooms, ...(await Promise.all(watchers.map((watcher) => watcher.watchRoom<Ledger>(rooms[0].id))))];
    const missed: string[] = [];
    for (const room of all) room.on('missed', () => missed.push(room.id));
    await note(rooms, 'a');
    gateway?.kill();
    await note(rooms, 'b');
    for (const room of all) await room.waitFor(({ state }) => state?.applied[1]?.at(-1) === 'b-1-3', SOON);
    for (const room of all) expect(room.state).toEqual(rooms[0].state);
    expect(missed).toEqual([]);
    if (gateway) await fleet.restart(gateway);
    await fleet.whole();
  }, 40_000);

  it('loses no acknowledged command when the owner of the room is killed', async () => {
    const { room, other, socket } = await play();
    await note([room, other], 'a');
    const owner = await fleet.ownerOf(room);
    const rewinds: unknown[] = [];
    for (const each of [room, other]) each.on('rewound', (rewind) => rewinds.push(rewind));
    owner.kill();
    await note([room, other], 'b');
    expect((room.state as LedgerState).applied).toEqual(
      [0, 1].map((seat) => ['a', 'b'].flatMap((round) => [1, 2, 3].map((count) => `${round}-${seat}-${count}`))),
    );
    expect(rewinds).toEqual([]);
    // Over the same connection, the new owner continues with patches to the state that the client has.
    expect(socket.readyState).toBe(WebSocket.OPEN);
    expect(socket.frames.at(-1)?.[0]).toBe(KIND.compact);
    await fleet.restart(owner);
    await fleet.whole();
  }, 40_000);
});
