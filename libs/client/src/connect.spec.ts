import { type AddressInfo, createServer } from 'node:net';
import { jest } from '@jest/globals';
import { WebSocket } from 'ws';
import { errorBody, type PlayerMessage, type RoomId, type RoomView, type Sync } from '#libs/protocol';
import { until } from '../../../tools/process/until.mjs';
import { FakeFleet } from '../test/fake-fleet.fixture.js';
import { FakeGateway } from '../test/fake-gateway.fixture.js';
import { FakeRoom, type Tally } from '../test/fake-room.fixture.js';
import { connect as connectInBrowser } from './connect.js';
import { connect, type NodeConnectOptions } from './connect-in-node.js';
import type { Room } from './room.js';
import type { Session } from './session.js';
import type { WebSocketConstructor } from './wire/web-socket-wire.js';

interface TallyRules {
  setup(room: unknown): Tally;
}

let fleet: FakeFleet;
let gateways: FakeGateway[];
let sessions: Session[];

beforeEach(async () => {
  fleet = new FakeFleet();
  gateways = [await FakeGateway.open(fleet)];
  sessions = [];
});

afterEach(async () => {
  for (const session of sessions) session.close();
  await Promise.all(gateways.map((gateway) => gateway.close()));
});

async function join(options: Partial<NodeConnectOptions> = {}, url: string | string[] = gateways[0].url): Promise<Session> {
  const session = await connect(url, {
    name: 'ada',
    WebSocket: WebSocket as never as WebSocketConstructor,
    reconnect: { firstMs: 10 },
    ...options,
  });
  sessions.push(session);
  return session;
}

/** Starts the test game `tally` with one session. Returns the session, its room, and the same room in the fake fleet. */
async function play(
  options: Partial<NodeConnectOptions> = {},
  url?: string | string[],
): Promise<{ session: Session; room: Room; owner: FakeRoom }> {
  const session = await join(options, url);
  const room = await session.createRoom({ game: 'tally' });
  await room.start();
  await room.waitFor((each) => each.version === 0, SOON);
  return { session, room, owner: fleet.room as FakeRoom };
}

const SOON = { timeoutMs: 5_000 };

/** Returns a storage in memory with the interface of `sessionStorage`. */
function memory(): Map<string, string> & {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
} {
  const map = new Map<string, string>();
  return Object.assign(map, {
    getItem: (key: string) => map.get(key) ?? null,
    setItem: (key: string, value: string) => void map.set(key, value),
    removeItem: (key: string) => void map.delete(key),
  });
}

function sync(owner: FakeRoom, { id }: Room, fields: Partial<Sync>): void {
  owner.tell({ kind: 'sync', room: id, version: owner.version + 1, seq: 0, ...fields });
}

function misfit(owner: FakeRoom, room: Room): void {
  sync(owner, room, { from: owner.version, patches: [{ op: 'remove', path: '/nowhere/at/all' }] });
}

function tally(room: Room): Tally {
  return room.state as Tally;
}

function once(session: Session, status: Session['status']): Promise<void> {
  return new Promise((resolve) => {
    if (session.status === status) return resolve();
    const stop = session.on('status', (now) => {
      if (now !== status) return;
      stop();
      resolve();
    });
  });
}

describe('connect', () => {
  it('opens a session with a hello that contains the name of the player', async () => {
    const session = await join();
    expect(session).toMatchObject({ id: 's1', user: 'u1', name: 'ada', status: 'open', room: null });
    expect(fleet.heard).toEqual([{ kind: 'hello', protocol: 1, name: 'ada' }]);
  });

  it("rejects with the gateway's code when the gateway refuses the login", async () => {
    await expect(join({ name: '' })).rejects.toMatchObject({ name: 'HoldfastError', code: 'unauthorized', retry: false });
  });

  it('rejects with `unavailable` when no gateway listens', async () => {
    const { url } = gateways[0];
    await gateways[0].close();
    await expect(join({}, [url, url])).rejects.toMatchObject({ code: 'unavailable', retry: true });
  });

  it.each([
    ['WebSocket', () => gateways[0].url],
    ['TCP', () => gateways[0].tcpUrl],
  ])('opens the session over %s when a gateway refuses only the first hello', async (_, url) => {
    fleet.intercept = (message, line) => {
      if (message.kind !== 'hello' || fleet.heardKinds('hello').length > 1) return false;
      line.send({ kind: 'goodbye', code: 'unavailable', reason: 'The store was restarted.', retryAfterMs: 20 });
      return true;
    };
    expect((await join({}, url())).status).toBe('open');
    expect(fleet.heardKinds('hello')).toHaveLength(2);
  });

  it('rejects after the first refusal when the caller allows only one attempt', async () => {
    fleet.intercept = (_, line) => {
      line.send({ kind: 'goodbye', code: 'unavailable', reason: 'The store was restarted.', retryAfterMs: 20 });
      return true;
    };
    const refused = { code: 'unavailable', message: 'The store was restarted.', retry: true, retryAfterMs: 20 };
    await expect(join({ openMs: 0 })).rejects.toMatchObject(refused);
  });

  it('rejects when the only gateway accepts the connection but sends nothing', async () => {
    fleet.intercept = () => true;
    await expect(join({ welcomeMs: 50 })).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('rejects when the only gateway never finishes the handshake', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => void silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    await expect(join({ welcomeMs: 50 }, `ws://127.0.0.1:${port}/play`)).rejects.toMatchObject({ code: 'unavailable' });
    silent.close();
  });

  it.each(['while the session is opening', 'before the call'])('leaves no connection open when the caller aborts %s', async (when) => {
    const storage = memory();
    const mounted = new AbortController();
    if (when === 'before the call') mounted.abort();
    const opened = join({ storage, signal: mounted.signal });
    const again = join({ storage });
    mounted.abort();
    await expect(opened).rejects.toBe(mounted.signal.reason);
    const session = await again;
    expect(JSON.parse(storage.getItem('holdfast.session') ?? '')).toEqual(session.credentials);
    await until(() => gateways[0].connections === 1);
  });

  it('ignores an abort after the session is open', async () => {
    const mounted = new AbortController();
    const session = await join({ signal: mounted.signal });
    mounted.abort();
    expect(session.status).toBe('open');
  });

  it('tries the next gateway when the first gateway cannot be reached', async () => {
    const dead = gateways[0].url;
    await gateways[0].close();
    gateways = [await FakeGateway.open(fleet)];
    const session = await join({}, [dead, gateways[0].url]);
    expect(session.status).toBe('open');
  });

  it.each(['http://127.0.0.1/play', 'nonsense', '127.0.0.1:7000/play', ''])(
    'refuses the URL "%s" and names it as it was given',
    async (url) => {
      await expect(join({}, url)).rejects.toMatchObject({
        code: 'bad-data',
        message: expect.stringContaining(`"${url}" is not the URL of a gateway: it must begin with ws:// or wss://`),
      });
    },
  );

  it('refuses a TCP address in the client for browsers', async () => {
    const options = { name: 'ada', WebSocket: WebSocket as never as WebSocketConstructor };
    sessions.push(await connectInBrowser(gateways[0].url, options));
    await expect(connectInBrowser(gateways[0].tcpUrl, options)).rejects.toMatchObject({
      code: 'bad-data',
      message: expect.stringContaining('in the client for Node also tcp:// or tls://'),
    });
  });

  it('rejects with an error that says what to do when the client for browsers finds no WebSocket', async () => {
    const own = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket');
    Object.defineProperty(globalThis, 'WebSocket', { value: undefined, configurable: true });
    try {
      await expect(connectInBrowser(gateways[0].url, { name: 'ada' })).rejects.toMatchObject({
        code: 'bad-data',
        message: expect.stringContaining('Give one as `WebSocket`'),
      });
    } finally {
      if (own) Object.defineProperty(globalThis, 'WebSocket', own);
      else Reflect.deleteProperty(globalThis, 'WebSocket');
    }
  });

  it('uses the package ws when the client for Node finds no WebSocket', async () => {
    const session = await connect(gateways[0].url, { name: 'ada' });
    sessions.push(session);
    expect(session.status).toBe('open');
  });
});

describe('a command or request that cannot be encoded', () => {
  const circle: unknown[] = [];
  circle.push(circle);

  it.each([
    ['a Date', { at: new Date() }, 'a Date'],
    ['a bigint', { n: 1n }, 'a bigint'],
    ['a cycle', circle, 'nested too deep'],
  ])('is refused with `bad-data` before the client stores it: %s', async (_name, data, problem) => {
    for (const subprotocol of ['binary', 'json'] as const) {
      const { session, room } = await play({ subprotocol });
      const refusal = { code: 'bad-data', message: expect.stringContaining(problem) };
      await expect(room.send('add', data)).rejects.toMatchObject(refusal);
      await expect(room.send('x'.repeat(256))).rejects.toMatchObject({ code: 'bad-data' });
      expect(room.unanswered).toBe(0);
      await expect(session.createRoom({ game: 'tally', options: { data } })).rejects.toMatchObject(refusal);
      await room.send('add', { n: 2 });
      session.close();
    }
  });
});

describe.each([
  ['binary', 'compact', () => gateways[0].url, { subprotocol: 'binary' }],
  ['binary', 'RFC 6902', () => gateways[0].url, { subprotocol: 'binary', compact: null }],
  ['json', 'RFC 6902', () => gateways[0].url, { subprotocol: 'json' }],
  ['tcp', 'compact', () => gateways[0].tcpUrl, {}],
  ['tcp', 'RFC 6902', () => gateways[0].tcpUrl, { compact: null }],
] as const)('a client over %s with syncs in the form %s', (transport, form, url, options) => {
  it('plays two successive games to their end', async () => {
    const { session, room } = await play(options, url());
    expect([...fleet.lines][0]).toMatchObject({ transport, isCompact: form === 'compact' });
    expect(room).toMatchObject({
      status: 'playing',
      seat: 0,
      version: 0,
      state: { total: 0, added: [] },
      players: [{ seat: 0, name: 'ada' }],
    });
    const before = tally(room);
    const told: unknown[] = [];
    room.on('event', (event) => told.push(event));
    await room.send('add', { n: 2 });
    await room.send('add', { n: 3 });
    expect(room.state).toEqual({ total: 5, added: [2, 3] });
    expect(before).toEqual({ total: 0, added: [] });
    expect(told).toEqual([
      { version: 1, name: 'added', data: { n: 2 } },
      { version: 2, name: 'added', data: { n: 3 } },
    ]);
    await room.send('finish');
    await room.waitFor((each) => each.status === 'ended' && each.view.status === 'waiting', SOON);
    expect(room.result).toEqual({ reason: 'finished', result: { total: 5 } });
    await expect(room.send('add', { n: 1 })).rejects.toMatchObject({ code: 'game-ended' });
    await room.start();
    await room.waitFor((each) => each.status === 'playing' && each.version === 0, SOON);
    await room.send('add', { n: 7 });
    expect(room.state).toEqual({ total: 7, added: [7] });
    expect(session.room).toBe(room);
  });

  it('continues the game after a resume with the newest secret', async () => {
    const { session, room } = await play(options, url());
    const { id, credentials } = session;
    for (const n of [1, 2, 3]) {
      fleet.cutAll();
      await once(session, 'reconnecting');
      await room.send('add', { n });
    }
    expect(session.id).toBe(id);
    expect(session.credentials.secret).not.toBe(credentials.secret);
    expect(new Set(fleet.heardKinds('hello').map(({ secret }) => secret)).size).toBe(4);
    expect(room.state).toEqual({ total: 6, added: [1, 2, 3] });
  });
});

describe('a room of the client', () => {
  it('rejects a command with the code that the game defines', async () => {
    const { room } = await play();
    const { state } = room;
    await expect(room.send('add', { n: -1 })).rejects.toMatchObject({ code: 'negative', message: 'A number below zero.' });
    expect(room.state).toBe(state);
    await room.send('add', { n: 1 });
    expect(room.state).toEqual({ total: 1, added: [1] });
  });

  it('resolves or rejects each command with the answer to that command', async () => {
    const { room } = await play();
    const answers = await Promise.allSettled([1, -1, 2, -2, 3].map((n) => room.send('add', { n })));
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled']);
    expect(tally(room).added).toEqual([1, 2, 3]);
  });

  it('repeats the commands that follow a command refused as `busy`', async () => {
    const { room } = await play();
    let isBusy = true;
    fleet.intercept = (message, line) => {
      if (message.kind !== 'command' || !isBusy) return false;
      if (message.seq === 1) line.send({ kind: 'rejected', seq: 1, code: 'busy', message: 'Later.', retry: true });
      if (message.seq === 2) isBusy = false;
      return message.seq === 1;
    };
    const answers = await Promise.allSettled([1, 2, 3].map((n) => room.send('add', { n })));
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(tally(room).added).toEqual([2, 3]);
  });

  it('sends each command only once when a gateway refuses all commands as `busy`', async () => {
    const { room } = await play();
    fleet.intercept = (message, line) => {
      if (message.kind === 'command') line.send({ kind: 'rejected', seq: message.seq, code: 'busy', message: 'Later.', retry: true });
      return message.kind === 'command';
    };
    const answers = await Promise.allSettled(Array.from({ length: 40 }, () => room.send('add', { n: 1 })));
    expect(answers.every(({ status }) => status === 'rejected')).toBe(true);
    expect(fleet.heardKinds('command')).toHaveLength(40);
  });

  it('accepts a time limit of 30 days for `waitFor`', async () => {
    const { room } = await play();
    const waiting = room.waitFor(({ version }) => version === 1, { timeoutMs: 30 * 86_400_000 });
    await new Promise((resolve) => setTimeout(resolve, 5));
    await room.send('add', { n: 1 });
    await expect(waiting).resolves.toBe(room);
  });

  it('repeats a command that has no answer after a long time', async () => {
    const { room } = await play();
    fleet.intercept = (message) => message.kind === 'command' && fleet.heardKinds('command').length === 1;
    await room.send('add', { n: 1 });
    expect(tally(room).added).toEqual([1]);
  });

  it('reuses the parts of the state that a patch did not change', async () => {
    const { room } = await play();
    await room.send('add', { n: 1 });
    const { added } = tally(room);
    fleet.room?.tell({
      kind: 'sync',
      room: room.id,
      from: 1,
      version: 2,
      seq: 1,
      patches: [{ op: 'replace', path: '/total', value: 9 }],
    });
    await room.waitFor((each) => each.version === 2, SOON);
    expect(tally(room).total).toBe(9);
    expect(tally(room).added).toBe(added);
  });

  it('accepts at most 64 unanswered commands', async () => {
    const { room, owner } = await play();
    owner.mute = true;
    const sent = Array.from({ length: 64 }, () => room.send('add', { n: 1 }));
    await expect(room.send('add', { n: 1 })).rejects.toMatchObject({ code: 'busy', retry: true });
    expect(room.unanswered).toBe(64);
    owner.mute = false;
    fleet.cutAll();
    await Promise.all(sent);
    expect(tally(room).total).toBe(64);
  });

  it('refuses a command of a spectator and a command without a running game', async () => {
    const { room: played } = await play();
    const watcher = await join({ name: 'eve' });
    const watched = await watcher.watchRoom<TallyRules>(played.id);
    await watched.waitFor((room) => room.version >= 0, SOON);
    await expect((watched as unknown as Room).send('add')).rejects.toMatchObject({ code: 'spectator' });
    await played.send('add', { n: 4 });
    await watched.waitFor((room) => room.state?.total === 4, SOON);
    const other = await join({ name: 'bob' });
    const waiting = await other.createRoom({ game: 'tally' });
    await expect(waiting.send('add')).rejects.toMatchObject({ code: 'room-not-playing' });
  });

  it('ignores a view of the members that is older than the current view', async () => {
    const ada = await join();
    const room = await ada.createRoom({ game: 'tally' });
    const bob = await join({ name: 'bob' });
    const same = await bob.joinRoom(room.id);
    await room.waitFor(({ view }) => view.members.length === 2, SOON);
    await same.ready();
    await room.waitFor(({ view }) => view.members[1].ready, SOON);
    const old = { ...room.view, rev: 1, members: [] };
    fleet.room?.tell({ kind: 'room', room: old });
    await ada.me();
    expect(room.view.members.map(({ name, ready }) => ({ name, ready }))).toEqual([
      { name: 'ada', ready: false },
      { name: 'bob', ready: true },
    ]);
  });

  it('emits `left` only once, with the reason', async () => {
    const { session, room } = await play();
    const reasons: unknown[] = [];
    room.on('left', (reason) => reasons.push(reason));
    const waiting = expect(room.waitFor(() => false)).rejects.toMatchObject({ code: 'not-in-room' });
    await room.leave();
    await session.me();
    await waiting;
    expect(reasons).toEqual(['left']);
    expect(session.room).toBeNull();
    await expect(room.send('add', { n: 1 })).rejects.toMatchObject({ code: 'not-in-room' });
  });

  it('sends the waiting commands when the room has a new owner', async () => {
    const { room, owner } = await play();
    const told: string[] = [];
    room.on('pause', (reason) => told.push(`pause ${reason}`));
    room.on('resume', (reason) => told.push(`resume ${reason}`));
    owner.tell({ kind: 'paused', room: room.id, reason: 'server-lost' });
    await room.waitFor(({ status }) => status === 'paused', SOON);
    const sent = room.send('add', { n: 1 });
    expect(fleet.heardKinds('command')).toEqual([]);
    owner.move();
    await sent;
    expect(told).toEqual(['pause server-lost', 'resume owner']);
    expect(tally(room).added).toEqual([1]);
  });

  it('resumes after a pause without a change of owner', async () => {
    const { room, owner } = await play();
    owner.tell({ kind: 'paused', room: room.id, reason: 'store' });
    await room.waitFor(({ status }) => status === 'paused', SOON);
    const sent = room.send('add', { n: 1 });
    owner.tell({ kind: 'resumed', room: room.id, reason: 'store' });
    await sent;
    expect(room.status).toBe('playing');
  });

  it('ignores frames from a former owner', async () => {
    const { session, room, owner } = await play();
    const players = room.players.slice();
    owner.tell({ kind: 'placed', room: room.id, game: 'tally', seat: 0, epoch: owner.epoch - 1, round: 0, players: [], seq: 0 });
    owner.tell({ kind: 'sync', room: room.id, version: 50, seq: 0, state: { total: -1, added: [] } });
    await session.me();
    expect(room).toMatchObject({ version: 0, state: { total: 0 }, players });
    owner.move();
    await room.send('add', { n: 1 });
    expect(tally(room).total).toBe(1);
  });

  it('emits a rewind only once when two messages report the rewind', async () => {
    const { session, room, owner } = await play();
    owner.tell({ kind: 'sync', room: room.id, from: 0, version: 5, seq: 0, patches: [], events: [{ version: 5, name: 'undone' }] });
    await room.waitFor(({ version }) => version === 5, SOON);
    const told: unknown[] = [];
    room.on('rewound', (rewind) => told.push(rewind));
    room.on('event', ({ version, name }) => told.push(`${version} ${name}`));
    const placed = {
      kind: 'placed',
      room: room.id,
      game: 'tally',
      seat: 0,
      epoch: owner.epoch + 1,
      round: 0,
      players: [],
      seq: 0,
    } as const;
    owner.tell({ ...placed, players: [], rewound: { from: 5, to: 2 } });
    owner.tell({ ...placed, players: [], rewound: { from: 5, to: 2 } });
    // The first owner was lost before it sent its state. So the second owner reports the rewind again.
    owner.tell({ ...placed, epoch: owner.epoch + 2, players: [], rewound: { from: 5, to: 2 } });
    const events = [
      { version: 2, name: 'before' },
      { version: 4, name: 'anew' },
    ];
    owner.tell({ kind: 'sync', room: room.id, version: 6, seq: 0, state: { total: 0, added: [] }, events });
    await room.waitFor(({ version }) => version === 6, SOON);
    expect(told).toEqual([{ from: 5, to: 2 }, '4 anew']);
    await session.me();
  });

  it('reconnects and requests the whole state when a patch does not fit', async () => {
    const { session, room, owner } = await play();
    owner.tell({ kind: 'sync', room: room.id, from: 7, version: 8, seq: 0, patches: [] });
    await once(session, 'reconnecting');
    await room.send('add', { n: 1 });
    expect(room).toMatchObject({ version: 1, state: { total: 1 } });
    expect(fleet.heardKinds('hello')[1].version).toBeUndefined();
    expect(fleet.heardKinds('hello')[1].epoch).toBeUndefined();
  });

  describe.each<[string, (owner: FakeRoom, room: Room) => void]>([
    ['that never fits', (owner, room) => misfit(owner, room)],
    ['with malformed patches', (owner, room) => sync(owner, room, { from: room.version, patches: 7 as never })],
    ['with malformed events', (owner, room) => sync(owner, room, { from: room.version, patches: [], events: 7 as never })],
  ])('that receives a sync %s', (_what, send) => {
    it('requests the whole state several times with growing delays, and finally ends the session with `sync-failed`', async () => {
      const { session, room, owner } = await play({ reconnect: { firstMs: 2, maxMs: 40 }, random: () => 1 });
      const hellos: number[] = [];
      let closed: unknown;
      session.on('closed', (error) => {
        closed = error;
      });
      fleet.intercept = (message) => {
        if (message.kind === 'hello') {
          hellos.push(performance.now());
          // The client can apply the whole state, but not the next sync.
          setTimeout(() => send(owner, room), 1);
        }
        return false;
      };
      send(owner, room);
      await once(session, 'closed');
      expect(closed).toMatchObject({ code: 'sync-failed', retry: false });
      expect(room.status).toBe('left');
      expect(hellos).toHaveLength(8);
      const pauses = hellos.slice(1).map((at, index) => at - hellos[index]);
      expect(pauses[6]).toBeGreaterThan(30);
      expect(pauses[0]).toBeLessThan(pauses[6]);
      expect(
        fleet
          .heardKinds('hello')
          .slice(1)
          .every(({ version }) => version === undefined),
      ).toBe(true);
    });
  });

  it.each(['binary', 'json', 'tcp'] as const)(
    'ends the session when the client repeatedly receives undecodable frames (encoding: %s)',
    async (way) => {
      const options = { reconnect: { firstMs: 2, maxMs: 10 }, ...(way !== 'tcp' && { subprotocol: way }) };
      const { session } = await play(options, way === 'tcp' ? gateways[0].tcpUrl : undefined);
      fleet.intercept = (message) => {
        if (message.kind === 'hello') setTimeout(() => fleet.sendGarbage(), 1);
        return false;
      };
      const closed = new Promise((resolve) => session.on('closed', resolve));
      fleet.sendGarbage();
      expect(await closed).toMatchObject({ code: 'sync-failed' });
      const hellos = fleet.heardKinds('hello').length;
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(fleet.heardKinds('hello')).toHaveLength(hellos);
      expect(hellos).toBe(9);
    },
  );

  it('rejects a command when no owner answers', async () => {
    const { room, owner } = await play();
    fleet.intercept = (message) => {
      if (message.kind !== 'command' || message.name !== 'poison') return false;
      // The owner dies because of the command, and another server adopts the room.
      setTimeout(() => owner.move(), 1);
      return true;
    };
    const outcome = room.send('poison').then(
      () => null,
      (error: unknown) => error,
    );
    expect(await outcome).toMatchObject({ code: 'unanswered', retry: false });
    expect(fleet.heardKinds('command').length).toBeLessThanOrEqual(11 * 2);
    await room.send('add', { n: 1 });
    expect(tally(room).total).toBe(1);
  });

  it('keeps the status `ended` when an outdated view of the lobby shows `playing`', async () => {
    const { session, room, owner } = await play();
    owner.tell({ kind: 'ended', room: room.id, reason: 'finished' });
    owner.change({ name: 'renamed while playing' });
    await session.me();
    expect(room).toMatchObject({ status: 'ended', view: { status: 'playing', name: 'renamed while playing' } });
    owner.change({ status: 'waiting' });
    await session.me();
    expect(room.status).toBe('ended');
    owner.change({ status: 'starting' });
    await session.me();
    expect(room.status).toBe('starting');
  });

  it('gets the status `ended` when the lobby reports the end of the game before the owner', async () => {
    const { room, owner } = await play();
    owner.change({ status: 'waiting', lastResult: { reason: 'operator' } });
    await room.waitFor(({ status }) => status === 'ended', SOON);
    expect(room.result).toEqual({ reason: 'operator' });
  });
});

describe('a lost connection', () => {
  it('neither loses nor duplicates a command that the room has already applied', async () => {
    const { session, room, owner } = await play();
    owner.mute = true;
    const applied = room.send('add', { n: 1 });
    const refused = room.send('add', { n: -1 });
    await until(() => owner.version === 1 && owner.seats[0].refused.size === 1);
    fleet.intercept = (message) => message.kind === 'command';
    const neverArrived = room.send('add', { n: 2 });
    await until(() => fleet.heardKinds('command').length === 3);
    fleet.intercept = () => false;
    owner.mute = false;
    fleet.cutAll();
    await once(session, 'reconnecting');
    const duringLoss = room.send('add', { n: 3 });
    await applied;
    await expect(refused).rejects.toMatchObject({ code: 'negative' });
    await neverArrived;
    await duringLoss;
    expect(room.state).toEqual({ total: 6, added: [1, 2, 3] });
    expect(room.unanswered).toBe(0);
  });

  it('does not make a command fail when a gateway refuses the repeated command once', async () => {
    const { session, room, owner } = await play();
    owner.mute = true;
    const applied = room.send('add', { n: 1 });
    await until(() => owner.version === 1);
    owner.mute = false;
    let turnedAway = 0;
    fleet.intercept = (message, line) => {
      if (message.kind !== 'command' || turnedAway === 1) return false;
      turnedAway += 1;
      line.send({ kind: 'rejected', seq: message.seq, code: 'unavailable', message: 'Later.', retry: true });
      return true;
    };
    // The first sync after the resume does not acknowledge the command yet.
    owner.attach = () => {
      const { line } = owner.seats[0].session;
      line?.send({ kind: 'placed', room: room.id, game: 'tally', seat: 0, epoch: owner.epoch, round: 0, players: [], seq: 0 });
      line?.send({ kind: 'sync', room: room.id, version: 1, seq: 0, state: owner.state });
    };
    fleet.cutAll();
    await once(session, 'reconnecting');
    await applied;
    expect(turnedAway).toBe(1);
    expect(owner.state.added).toEqual([1]);
  });

  it('loses neither the answer to the last command nor the end of the game', async () => {
    const { session, room, owner } = await play();
    await room.send('add', { n: 1 });
    owner.mute = true;
    const last = room.send('add', { n: 2 });
    const finish = room.send('finish');
    await until(() => owner.view.status === 'waiting');
    owner.mute = false;
    fleet.cutAll();
    await once(session, 'reconnecting');
    await Promise.all([last, finish]);
    await room.waitFor(({ status }) => status === 'ended', SOON);
    expect(room).toMatchObject({ state: { total: 3 }, result: { result: { total: 3 } } });
  });

  it('makes unanswered commands fail when the room has started the next game', async () => {
    const { session, room, owner } = await play();
    const ends: unknown[] = [];
    room.on('end', (result) => ends.push(result));
    owner.mute = true;
    fleet.intercept = (message) => message.kind === 'command';
    const old = expect(room.send('add', { n: 1 })).rejects.toMatchObject({ code: 'game-ended' });
    await until(() => fleet.heardKinds('command').length === 1);
    fleet.intercept = () => false;
    owner.view = { ...owner.view, lastResult: { reason: 'operator' } };
    const before = session.status;
    fleet.cutAll();
    owner.mute = false;
    owner.start();
    await old;
    await room.send('add', { n: 5 });
    expect(before).toBe('open');
    expect(ends).toEqual([{ reason: 'operator' }]);
    expect(room.state).toEqual({ total: 5, added: [5] });
  });

  it('neither loses nor duplicates an event', async () => {
    const { room, session } = await play();
    const told: unknown[] = [];
    room.on('event', ({ data }) => told.push((data as { n: number }).n));
    await room.send('add', { n: 1 });
    const other = await join({ name: 'bob' });
    await other.joinRoom(room.id);
    fleet.cutAll();
    await once(session, 'reconnecting');
    fleet.room?.command({ kind: 'command', seq: 1, settled: 0, name: 'add', data: { n: 2 } }, {
      session: fleet.room.seats[1].session,
      send: () => {},
    } as never);
    await room.waitFor((each) => tally(each).total === 3, SOON);
    await room.send('add', { n: 3 });
    expect(told).toEqual([1, 2, 3]);
    expect(fleet.heardKinds('hello').at(-1)?.session).toBeDefined();
  });

  it('makes the client repeat requests that only read data, and reject all other requests', async () => {
    const session = await join();
    let swallow = true;
    fleet.intercept = (message) => swallow && message.kind === 'request';
    const list = session.games();
    const create = session.createRoom({ game: 'tally' });
    await until(() => fleet.heardKinds('request').length === 2);
    swallow = false;
    fleet.cutAll();
    await expect(create).rejects.toMatchObject({ code: 'server-lost', retry: true });
    await expect(list).resolves.toEqual([{ name: 'tally', seats: { min: 1, max: 2 } }]);
  });

  it('makes the client reconnect to another gateway', async () => {
    gateways.push(await FakeGateway.open(fleet));
    const { session, room } = await play({}, [gateways[0].url, gateways[1].url]);
    await gateways[0].close();
    await once(session, 'reconnecting');
    await room.send('add', { n: 1 });
    expect(session.status).toBe('open');
  });

  it('is detected when the gateway answers no ping', async () => {
    fleet.pingMs = 20;
    const { session, room } = await play();
    fleet.intercept = (message) => message.kind === 'ping';
    await once(session, 'reconnecting');
    fleet.intercept = () => false;
    await room.send('add', { n: 1 });
  });

  it('is not reported while the gateway answers pings, even when the client sends nothing else', async () => {
    fleet.pingMs = 20;
    const session = await join();
    const statuses: unknown[] = [];
    session.on('status', (status) => statuses.push(status));
    await until(() => fleet.heardKinds('ping').length >= 8);
    expect(statuses).toEqual([]);
  });
});

describe('the session of a client', () => {
  it('ends with the code of a `goodbye` after which no resume is possible', async () => {
    const { session, room } = await play();
    const closed = new Promise((resolve) => void session.on('closed', resolve));
    const sent = room.waitFor(() => false);
    fleet.goodbye([...fleet.lines][0], 'replaced');
    await expect(closed).resolves.toMatchObject({ code: 'replaced' });
    await expect(sent).rejects.toMatchObject({ code: 'not-in-room' });
    expect(session.status).toBe('closed');
    expect(room.status).toBe('left');
    await expect(session.games()).rejects.toMatchObject({ code: 'session-unknown' });
  });

  it('reconnects after the delay that the goodbye of a stopping gateway names', async () => {
    const { session, room } = await play();
    fleet.goodbye([...fleet.lines][0], 'shutting-down', 30);
    await once(session, 'reconnecting');
    await room.send('add', { n: 1 });
    expect(session.status).toBe('open');
  });

  it('ends at the gateway when the client closes the session', async () => {
    const session = await join();
    session.close();
    await until(() => fleet.sessions.size === 0);
    expect(session.status).toBe('closed');
  });
});

describe('a session in the storage of the client', () => {
  it('stays stored when an earlier session with the same key is closed', async () => {
    const storage = memory();
    const [first, second] = await Promise.all([join({ storage }), join({ storage })]);
    const stored = (): unknown => JSON.parse(storage.getItem('holdfast.session') ?? 'null');
    const [kept, other] = first.id === (stored() as { session: string }).session ? [first, second] : [second, first];
    other.close();
    expect(stored()).toEqual(kept.credentials);
    kept.close();
    expect(stored()).toBeNull();
  });

  it('is resumed by the next visit to the page', async () => {
    const storage = memory();
    const { session, room } = await play({ storage });
    await room.send('add', { n: 1 });
    session.detach();
    const again = await join({ storage });
    await until(() => again.room?.version === 1);
    expect(again.id).toBe(session.id);
    await again.room?.send('add', { n: 2 });
    expect(again.room?.state).toEqual({ total: 3, added: [1, 2] });
  });

  it('is replaced by a new session after its expiry', async () => {
    const storage = memory();
    storage.setItem('holdfast.session', JSON.stringify({ session: 'gone', secret: 'x' }));
    const session = await join({ storage });
    expect(session.id).toBe('s1');
    expect(JSON.parse(storage.getItem('holdfast.session') ?? '')).toEqual(session.credentials);
    session.close();
    expect(storage.size).toBe(0);
  });

  it('reconnects even when every access to the storage throws', async () => {
    const denied = (): never => {
      throw new Error('denied');
    };
    const session = await join({ storage: { getItem: denied, setItem: denied, removeItem: denied }, random: denied });
    fleet.cutAll();
    await once(session, 'reconnecting');
    await once(session, 'open');
    session.close();
    expect(session.status).toBe('closed');
  });

  it('is ignored when it cannot be parsed', async () => {
    const storage = memory();
    storage.setItem('holdfast.session', '{');
    await expect(join({ storage })).resolves.toMatchObject({ status: 'open' });
  });
});

describe('an unanswered request to create a room', () => {
  it('resolves after a reconnect only when the server has created the room', async () => {
    for (const isCarriedOut of [true, false]) {
      const ada = await join();
      fleet.intercept = (message, line) => {
        if (message.kind !== 'request' || message.operation !== 'rooms.create') return false;
        fleet.intercept = () => false;
        if (isCarriedOut) fleet.take({ ...message, id: 9_999 }, line);
        line.cut();
        return true;
      };
      const creation = ada.createRoom({ game: 'tally' });
      if (isCarriedOut) expect(await creation).toBe(ada.room);
      else await expect(creation).rejects.toMatchObject({ code: 'server-lost' });
      expect(ada.room === null).toBe(!isCarriedOut);
      fleet.room = null;
    }
  });

  it('is cancelled at the server when the caller aborts', async () => {
    const ada = await join();
    fleet.intercept = (message) => message.kind === 'request' && message.operation === 'rooms.create';
    const reason = new Error('enough');
    await expect(ada.createRoom({ game: 'tally' }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const abort = new AbortController();
    const creation = ada.createRoom({ game: 'tally' }, { signal: abort.signal });
    abort.abort(reason);
    await expect(creation).rejects.toBe(reason);
    expect(fleet.heardKinds('request').map(({ operation }) => operation)).toEqual(['rooms.create', 'match.cancel', 'me']);
  });
});

describe('a start of a game that its caller aborts', () => {
  it("rejects with the caller's reason although the server refuses the cancellation", async () => {
    const refusals = ['overtaken', 'not-in-room'];
    const session = await join();
    const room = await session.createRoom({ game: 'tally' });
    fleet.intercept = (message, line) => {
      if (message.kind !== 'request') return false;
      if (message.operation === 'rooms.cancelStart')
        line.send({ kind: 'response', id: message.id, error: errorBody(refusals.shift() as string) });
      return message.operation !== 'rooms.create';
    };
    const abort = new AbortController();
    const start = room.start({ signal: abort.signal });
    const reason = new Error('enough');
    abort.abort(reason);
    await expect(start).rejects.toBe(reason);
    expect(refusals).toEqual([]);
  });

  it('resolves when the game has already started', async () => {
    const session = await join();
    const room = await session.createRoom({ game: 'tally' });
    const abort = new AbortController();
    fleet.intercept = (message) => {
      if (message.kind !== 'request' || message.operation !== 'rooms.start') return false;
      fleet.room?.start();
      abort.abort();
      return true;
    };
    await room.start({ signal: abort.signal });
    await room.waitFor((each) => each.status === 'playing', SOON);
  });
});

describe('a listener of the client that throws', () => {
  it('does not affect other listeners, the game or the process', async () => {
    const { room } = await play();
    const reported = jest.spyOn(console, 'error').mockImplementation(() => {});
    try {
      const thrown = new Error('of the host program');
      room.on('change', () => {
        throw thrown;
      });
      const totals: unknown[] = [];
      room.on('change', (state) => totals.push((state as { total: number }).total));
      await room.send('add', { n: 1 });
      await room.send('add', { n: 2 });
      expect(totals).toEqual([1, 3]);
      expect(reported.mock.calls.map(([, error]) => error)).toEqual([thrown, thrown]);
    } finally {
      reported.mockRestore();
    }
  });
});

describe('a search for a quick match', () => {
  it('brings both players into one room', async () => {
    const [ada, bob] = [await join(), await join({ name: 'bob' })];
    const [first, second] = await Promise.all([ada.quickMatch('tally'), bob.quickMatch('tally')]);
    expect(first.id).toBe(second.id);
  });

  it('does not resolve with the room that the player is leaving', async () => {
    const { session, room, owner } = await play();
    fleet.intercept = (message) => message.kind === 'request' && message.operation !== 'me';
    const ends: unknown[] = [];
    room.leave().catch(() => {});
    session.quickMatch(room.game).then(
      (found) => ends.push(found),
      () => {},
    );
    owner.tell({ kind: 'room', room: { ...room.view, rev: room.view.rev + 1, name: 'Renamed' } });
    await until(() => room.view.name === 'Renamed');
    await session.me();
    expect(ends).toEqual([]);
  });

  it('is cancelled when the caller aborts the search before the match', async () => {
    const ada = await join();
    const abort = new AbortController();
    const match = ada.quickMatch('tally', { signal: abort.signal });
    await until(() => [...fleet.sessions.values()][0].searching === 'tally');
    await expect(ada.quickMatch('tally')).rejects.toMatchObject({ code: 'busy' });
    abort.abort(new Error('enough'));
    await expect(match).rejects.toThrow('enough');
    await until(() => [...fleet.sessions.values()][0].searching === null);
  });

  it('resolves with the matched room when the caller aborts the search too late', async () => {
    const [ada, bob] = [await join(), await join({ name: 'bob' })];
    const abort = new AbortController();
    const match = ada.quickMatch('tally', { signal: abort.signal });
    await until(() => [...fleet.sessions.values()][0].searching === 'tally');
    // The fake fleet does not send the room to the first player of a match. So the client learns of the match only after the abort.
    const partner = await bob.quickMatch('tally');
    abort.abort();
    expect((await match).id).toBe(partner.id);
    expect(ada.room?.id).toBe(partner.id);
  });

  describe('after the player has left the matched room', () => {
    const isOf = (operation: string) => (message: PlayerMessage) => message.kind === 'request' && message.operation === operation;

    /** Delays the answer to the next request of this operation. Returns a function that sends the answer with the given room. */
    function hold(operation: string): (room: RoomView) => void {
      let answer = (_: RoomView): void => {};
      fleet.intercept = (message, line) => {
        if (!isOf(operation)(message) || message.kind !== 'request') return false;
        fleet.intercept = () => false;
        answer = (room) => line.send({ kind: 'response', id: message.id, data: { room, searching: null } });
        return true;
      };
      return (room) => answer(room);
    }

    /** The server puts the player of the first session into the room of a match, and then removes the player from it. */
    async function passThrough(ada: Session): Promise<RoomView> {
      const [session] = fleet.sessions.values();
      const { view } = new FakeRoom('r-match' as RoomId, session);
      session.line?.send({ kind: 'room', room: view });
      await until(() => ada.room?.id === view.id);
      session.line?.send({ kind: 'room', room: null, reason: 'left' });
      await until(() => ada.room === null);
      return view;
    }

    it.each(['match.find', 'me'])('does not return the player to the room when an answer to `%s` is late', async (operation) => {
      const ada = await join();
      const answer = hold(operation);
      const abort = new AbortController();
      const match = ada.quickMatch('tally', { signal: abort.signal });
      await until(() => fleet.heardKinds('request').some(isOf('match.find')));
      if (operation === 'me') abort.abort();
      await until(() => fleet.heardKinds('request').some(isOf(operation)));
      const view = await passThrough(ada);
      expect((await match).id).toBe(view.id);
      answer(view);
      await ada.games();
      expect(ada.room).toBeNull();
    });
  });

  it('continues when an earlier search of the player is refused', async () => {
    const ada = await join();
    let refuseFirst = (): void => {};
    fleet.intercept = (message, line) => {
      if (message.kind !== 'request' || message.operation !== 'match.find') return false;
      fleet.intercept = () => false;
      refuseFirst = () => line.send({ kind: 'response', id: message.id, error: errorBody('overtaken') });
      return true;
    };
    const abort = new AbortController();
    const first = ada.quickMatch('tally', { signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(first).rejects.toThrow('enough');
    const [second, bob] = [ada.quickMatch('tally'), await join({ name: 'bob' })];
    refuseFirst();
    await expect(Promise.all([second, bob.quickMatch('tally')])).resolves.toHaveLength(2);
  });

  it('stays cancelled when the connection is lost before the answer to the cancellation', async () => {
    const ada = await join();
    const abort = new AbortController();
    const match = ada.quickMatch('tally', { signal: abort.signal });
    await until(() => [...fleet.sessions.values()][0].searching === 'tally');
    let isFirst = true;
    fleet.intercept = (message) => {
      if (message.kind !== 'request' || message.operation !== 'match.cancel' || !isFirst) return false;
      isFirst = false;
      fleet.cutAll();
      return true;
    };
    abort.abort(new Error('enough'));
    await expect(match).rejects.toThrow('enough');
    expect([...fleet.sessions.values()][0].searching).toBeNull();
    expect(fleet.heardKinds('request').filter(({ operation }) => operation === 'match.find')).toHaveLength(1);
  });

  it('continues after a lost connection without a second request', async () => {
    const ada = await join();
    const match = ada.quickMatch('tally');
    await until(() => [...fleet.sessions.values()][0].searching === 'tally');
    fleet.cutAll();
    await once(ada, 'reconnecting');
    await once(ada, 'open');
    await ada.me();
    expect(fleet.heardKinds('request').filter(({ operation }) => operation === 'match.find')).toHaveLength(1);
    const bob = await join({ name: 'bob' });
    const [first, second] = await Promise.all([match, bob.quickMatch('tally')]);
    expect(first.id).toBe(second.id);
  });

  it('sends only one request when the search begins before a connection exists', async () => {
    const ada = await join();
    fleet.cutAll();
    await once(ada, 'reconnecting');
    let release = (): void => {};
    fleet.intercept = (message, line) => {
      if (message.kind !== 'request' || message.operation !== 'match.find') return false;
      release = () => fleet.take(message, line);
      return true;
    };
    const match = ada.quickMatch('tally');
    await once(ada, 'open');
    for (let time = 0; time < 2; time++) await ada.me();
    expect(fleet.heardKinds('request').filter(({ operation }) => operation === 'match.find')).toHaveLength(1);
    fleet.intercept = () => false;
    release();
    const bob = await join({ name: 'bob' });
    const [first, second] = await Promise.all([match, bob.quickMatch('tally')]);
    expect(first.id).toBe(second.id);
  });

  /** The lobby that handles the first search dies before it answers. `isAdded`: it has added the search to the queue before its death. */
  function loseLobby(isAdded: boolean): () => void {
    const searched = (): number => fleet.heardKinds('request').filter(({ operation }) => operation === 'match.find').length;
    let expire = (): void => {};
    fleet.intercept = (message, line) => {
      if (message.kind !== 'request' || message.operation !== 'match.find' || searched() > 1) return false;
      if (isAdded) [...fleet.sessions.values()][0]!.searching = 'tally';
      line.send({ kind: 'response', id: message.id, error: errorBody('server-lost', undefined, true) });
      const named = { kind: 'match', game: 'tally', ticket: 't-9' } as const;
      expire = () => {
        line.send({ ...named, event: 'searching' });
        line.send({ ...named, event: 'expired', reason: 'timed-out' });
      };
      return true;
    };
    return () => expire();
  }

  it('is requested again when the lobby died before the search was stored', async () => {
    loseLobby(false);
    const ada = await join();
    const match = ada.quickMatch('tally');
    await until(() => [...fleet.sessions.values()][0]!.searching === 'tally');
    const bob = await join({ name: 'bob' });
    const [first, second] = await Promise.all([match, bob.quickMatch('tally')]);
    expect(first.id).toBe(second.id);
  });

  it('is not requested again when the lobby died after the search was stored', async () => {
    const expire = loseLobby(true);
    const ada = await join();
    const match = ada.quickMatch('tally');
    match.catch(() => {});
    await until(() => fleet.heardKinds('request').some(({ operation }) => operation === 'me'));
    await ada.me();
    expire();
    await expect(match).rejects.toMatchObject({ code: 'not-searching' });
    expect(fleet.heardKinds('request').filter(({ operation }) => operation === 'match.find')).toHaveLength(1);
  });

  it('continues when the new gateway finds no lobby at first', async () => {
    const ada = await join();
    const match = ada.quickMatch('tally');
    await until(() => [...fleet.sessions.values()][0].searching === 'tally');
    refuseOnce('me');
    fleet.cutAll();
    const asked = (): number => fleet.heardKinds('request').filter(({ operation }) => operation === 'me').length;
    await until(() => asked() === 2);
    const bob = await join({ name: 'bob' });
    const [first, second] = await Promise.all([match, bob.quickMatch('tally')]);
    expect(first.id).toBe(second.id);
  });

  /** Makes the fleet refuse the next request of this operation. The code of the refusal allows the client to try again. */
  function refuseOnce(operation: string): void {
    fleet.intercept = (message, line) => {
      if (message.kind !== 'request' || message.operation !== operation) return false;
      fleet.intercept = () => false;
      line.send({ kind: 'response', id: message.id, error: errorBody('unavailable', undefined, true, 20) });
      return true;
    };
  }

  it('sends the acceptance of the match again until a lobby has answered', async () => {
    const ada = await join();
    const offers: unknown[] = [];
    let refusals = 0;
    fleet.intercept = (message, line) => {
      if (message.kind !== 'request' || message.operation !== 'match.accept') return false;
      offers.push(message.data);
      refusals += 1;
      const answer = refusals === 1 ? { error: errorBody('unavailable', undefined, true, 20) } : { data: { accepted: true } };
      if (refusals === 2) line.cut();
      else line.send({ kind: 'response', id: message.id, ...answer });
      return true;
    };
    await ada.acceptMatch('m-1');
    expect(offers).toEqual([{ offer: 'm-1' }, { offer: 'm-1' }, { offer: 'm-1' }]);
  });

  it('rejects when the session ends', async () => {
    const ada = await join();
    const match = ada.quickMatch('tally');
    ada.close();
    await expect(match).rejects.toMatchObject({ code: 'session-unknown' });
  });
});
