import type { CompactSync, RoomId } from '#libs/protocol';
import { encodeCompactSync, type Placed } from '#libs/protocol';
import { encodePatch, encodeValue } from '#libs/state-patch';
import { eventually, until } from '../../../tools/process/until.mjs';
import { FakeFleet } from '../test/fake-fleet.fixture.js';
import { FakeGateway } from '../test/fake-gateway.fixture.js';
import type { FakeRoom } from '../test/fake-room.fixture.js';
import { connect, type NodeConnectOptions } from './connect-in-node.js';
import type { Room, RoomSync } from './room.js';
import type { Session } from './session.js';

const SOON = { timeoutMs: 5_000 };
const NOTHING = new Uint8Array(0);

let fleet: FakeFleet;
let gateway: FakeGateway;
let session: Session;
let room: Room;
let owner: FakeRoom;

beforeEach(async () => {
  fleet = new FakeFleet();
  gateway = await FakeGateway.open(fleet);
});

afterEach(async () => {
  session?.close();
  await gateway.close();
});

async function play(options: Partial<NodeConnectOptions> = {}, url = gateway.url): Promise<void> {
  session = await connect(url, { name: 'ada', reconnect: { firstMs: 10 }, ...options });
  room = await session.createRoom({ game: 'tally' });
  await room.start();
  await room.waitFor((each) => each.version === 0, SOON);
  owner = fleet.room as FakeRoom;
}

/** Sends a compact sync with these fields to each client. */
function send(fields: Partial<CompactSync> & { version: number }): void {
  for (const line of fleet.lines) line.sendBytes(encodeCompactSync({ kind: 'compact', seq: 0, input: 0, ...fields }));
}

function placed(fields: Partial<Placed> = {}): void {
  owner.tell({ kind: 'placed', room: room.id, game: 'tally', seat: 0, epoch: owner.epoch, round: 0, players: [], seq: 0, ...fields });
}

function syncs(): RoomSync[] {
  const seen: RoomSync[] = [];
  room.on('sync', (sync) => seen.push(sync));
  return seen;
}

const START = { total: 0, added: [] };
const ONE = { total: 1, added: [1] };

describe('a client that reads compact syncs', () => {
  it('keeps its state object when an acknowledgement raises only the version', async () => {
    await play();
    const { state } = room;
    const seen = syncs();
    let changes = 0;
    room.on('change', () => {
      changes += 1;
    });
    send({ version: 5, from: 0, patch: NOTHING });
    await room.waitFor(({ version }) => version === 5, SOON);
    expect(room.state).toBe(state);
    expect(changes).toBe(0);
    expect(seen).toEqual([{ version: 5, time: undefined, input: 0, state, previous: state, rewound: false }]);
  });

  it('applies a patch whose base is an earlier version when the state has not changed since that version', async () => {
    await play();
    send({ version: 5, from: 0, patch: NOTHING });
    send({ version: 9, from: 0, patch: encodePatch(START, ONE) });
    await room.waitFor(({ version }) => version === 9, SOON);
    expect(room.state).toEqual(ONE);
    expect(fleet.heardKinds('hello')).toHaveLength(1);
  });

  it.each<[string, () => void]>([
    ['a base that it does not have yet', () => send({ version: 9, from: 8, patch: encodePatch(START, ONE) })],
    [
      'changes up to the version that it has',
      () => {
        send({ version: 1, from: 0, patch: encodePatch(START, ONE) });
        send({ version: 1, from: 0, patch: encodePatch(START, ONE) });
      },
    ],
    ['another hash', () => send({ version: 1, from: 0, hash: 7, patch: encodePatch(START, ONE) })],
    ['a patch of another state', () => send({ version: 1, from: 0, patch: encodePatch({ a: { b: 1 } }, { a: { b: 2 } }) })],
    ['a state that cannot be decoded', () => send({ version: 1, state: Uint8Array.of(0xff) })],
    ['a flag that it does not know', () => [...fleet.lines][0]?.sendBytes(Uint8Array.of(0x8d, 0, 0, 0x82, 1, 1))],
  ])('requests the whole state when a sync has %s', async (_what, act) => {
    await play();
    act();
    await until(() => fleet.heardKinds('hello').length === 2);
    await room.send('add', { n: 1 });
    expect(room.state).toEqual(ONE);
    expect(fleet.heardKinds('hello')[1]?.version).toBeUndefined();
  });

  it('replaces its state with a whole state of a lower version', async () => {
    await play();
    const events: unknown[] = [];
    room.on('event', ({ version, name }) => events.push(`${version} ${name}`));
    send({ version: 9, from: 0, patch: encodePatch(START, ONE), events: [{ version: 9, name: 'undone' }] });
    send({ version: 3, state: encodeValue(START), events: [{ version: 3, name: 'again' }] });
    await room.waitFor(({ version }) => version === 3, SOON);
    expect(room.state).toEqual(START);
    expect(events).toEqual(['9 undone', '3 again']);
  });

  it('ignores compact syncs from a former owner of its room', async () => {
    await play();
    placed({ epoch: owner.epoch - 1 });
    send({ version: 9, state: encodeValue(ONE) });
    placed();
    send({ version: 1, from: 0, patch: NOTHING });
    await room.waitFor(({ version }) => version === 1, SOON);
    expect(room.state).toEqual(START);
  });

  it('ignores a compact sync before the first `placed` of a connection', async () => {
    await play();
    owner.mute = true;
    owner.view = { ...owner.view, status: 'waiting' };
    fleet.cutAll();
    await until(() => fleet.heardKinds('hello').length === 2);
    await until(() => session.status === 'open');
    for (const line of fleet.lines) line.send({ kind: 'room', room: owner.view });
    send({ version: 9, state: encodeValue(ONE) });
    await session.me();
    expect(room.version).toBe(0);
  });

  it('reports, for each sync of a game with steps, the room time and the number of the last player input', async () => {
    await play();
    const seen = syncs();
    send({ version: 1, state: encodeValue(START), time: 1_000, input: 3 });
    send({ version: 2, from: 1, patch: encodePatch(START, ONE), elapsed: 50, input: 4 });
    send({ version: 3, from: 2, patch: NOTHING, elapsed: 10, input: 4 });
    send({ version: 4, from: 2, patch: encodePatch(ONE, START), elapsed: 50, input: 6 });
    await room.waitFor(({ version }) => version === 4, SOON);
    expect(seen.map(({ version, time, input }) => [version, time, input])).toEqual([
      [1, 1_000, 3],
      [2, 1_050, 4],
      [3, 1_060, 4],
      [4, 1_100, 6],
    ]);
  });

  it('marks only the first sync after a rewind as rewound', async () => {
    await play();
    send({ version: 5, from: 0, patch: encodePatch(START, ONE) });
    await room.waitFor(({ version }) => version === 5, SOON);
    const seen = syncs();
    placed({ epoch: owner.epoch + 1, rewound: { from: 5, to: 2 } });
    send({ version: 3, state: encodeValue(START) });
    send({ version: 4, from: 3, patch: NOTHING });
    await room.waitFor(({ version }) => version === 4, SOON);
    expect(seen.map(({ version, rewound }) => [version, rewound])).toEqual([
      [3, true],
      [4, false],
    ]);
  });

  it.each(['url', 'tcpUrl'] as const)(
    'plays over a gateway that supports only syncs with RFC 6902 patches (address: `%s`)',
    async (url) => {
      fleet.isCompactKnown = false;
      await play({}, gateway[url]);
      expect([...fleet.lines].map(({ isCompact }) => isCompact)).toEqual([false]);
      const seen = syncs();
      await room.send('add', { n: 1 });
      fleet.cutAll();
      await room.send('add', { n: 2 });
      expect(room.state).toEqual({ total: 3, added: [1, 2] });
      expect(seen.map(({ input, time }) => [input, time])).toContainEqual([undefined, undefined]);
    },
  );

  it('reads the RFC 6902 patches of a room on an older server', async () => {
    await play();
    for (const line of fleet.lines) line.isCompact = false;
    await room.send('add', { n: 1 });
    for (const line of fleet.lines) line.isCompact = true;
    send({ version: 2, from: 1, patch: encodePatch(ONE, START) });
    await room.waitFor(({ version }) => version === 2, SOON);
    expect(room.state).toEqual(START);
  });

  it('continues its game when the next gateway runs an older or a newer version of Holdfast', async () => {
    await play();
    for (const isCompactKnown of [false, true, false]) {
      fleet.isCompactKnown = isCompactKnown;
      fleet.cutAll();
      await until(() => [...fleet.lines].some(({ isCompact, session: each }) => each !== null && isCompact === isCompactKnown));
      await room.send('add', { n: 1 });
    }
    expect(room.state).toEqual({ total: 3, added: [1, 1, 1] });
  });
});

describe('a player input', () => {
  it('is sent once, with its number, while a game runs', async () => {
    await play();
    expect(room.sendInput(1, { left: true })).toBe(true);
    expect(room.sendInput(2, undefined)).toBe(true);
    await eventually(() => expect(fleet.heardKinds('input')).toHaveLength(2));
    expect(fleet.heardKinds('input')[0]).toEqual({ kind: 'input', number: 1, data: { left: true } });
  });

  it('is not sent while the room is paused or the connection is lost', async () => {
    await play();
    owner.tell({ kind: 'paused', room: room.id as RoomId, reason: 'server-silent' });
    await room.waitFor(({ status }) => status === 'paused', SOON);
    expect(room.sendInput(1, {})).toBe(false);
    owner.tell({ kind: 'resumed', room: room.id as RoomId, reason: 'owner' });
    await room.waitFor(({ status }) => status === 'playing', SOON);
    expect(room.sendInput(1, {})).toBe(true);
  });

  it('is refused with `bad-data` when the input cannot be encoded', async () => {
    await play();
    expect(() => room.sendInput(1, new Date())).toThrow(expect.objectContaining({ code: 'bad-data' }));
  });
});
