import type { LinkPeer, Links } from '#libs/link';
import type { AttachRequest, SessionId, UserId } from '#libs/protocol';
import type { GameRoom, RoomRules } from '#libs/room';
import { rulesOf } from '../../../../tools/fixtures/room-rules.fixture.js';
import { until } from '../../../../tools/process/until.mjs';
import { PendingAttachments } from '../attachments/pending-attachments.js';
import type { Host } from '../host.fixture.js';
import { Hosts } from '../hosts.fixture.js';
import { ListeningPeer } from '../listening-peer.fixture.js';
import type { HostedRoom } from '../room/hosted-room.js';

interface Seen {
  seen: string[];
}

const rules = rulesOf<Seen>('open', () => ({ seen: [] }), {
  definition: { seats: { min: 1, max: 4 }, joinable: true },
  commands: new Map([
    ['lock', { validate: () => ({ ok: true, value: null }), run: (room: GameRoom<Seen>) => room.lock() }],
    ['unlock', { validate: () => ({ ok: true, value: null }), run: (room: GameRoom<Seen>) => room.unlock() }],
    ['bot', { validate: () => ({ ok: true, value: null }), run: (room: GameRoom<Seen>) => void room.addBot('R1') }],
    [
      'move',
      { validate: () => ({ ok: true, value: null }), run: ({ state, seat }: GameRoom<Seen>) => void state.seen.push(`moves ${seat}`) },
    ],
  ]),
  seatEvents: new Map([
    ['joined', ({ state, seat }: GameRoom<Seen>) => void state.seen.push(`joined ${seat}`)],
    ['left', ({ state, seat }: GameRoom<Seen>) => void state.seen.push(`left ${seat}`)],
  ]),
  bot: { everyMs: 20, move: (view) => ((view as Seen).seen.length < 4 ? { command: 'move' } : null) },
});

let hosts: Hosts;
let first: Host;
let second: Host;
beforeEach(async () => {
  hosts = new Hosts(rules as unknown as RoomRules<never>);
  await hosts.ready();
  first = hosts.add('first');
  second = hosts.add('second');
  await Promise.all([first.auditor.audit('test'), second.auditor.audit('test')]);
});
afterEach(() => hosts.close());

/** Gives a user the seat in the record, as a lobby does. */
async function reserve(room: HostedRoom, user: string, seat: number): Promise<void> {
  const record = await hosts.record(room.id);
  const members = [...record.doc.members, { user: user as UserId, name: user.toUpperCase(), readyRound: null, here: true }];
  const players = [...record.doc.players];
  players[seat] = user as UserId;
  expect(await hosts.records.save(record, { doc: { ...record.doc, members, players, seats: 4 } })).not.toBeNull();
}

function attach(host: Host, room: HostedRoom, user: string, handle = 9): ListeningPeer {
  const links = { onClosed: () => {} } as unknown as Links;
  const pending = new PendingAttachments(host.rooms, host.loader, host.attachments, links, host.seats);
  const peer = new ListeningPeer();
  const who = { session: `s-${user}` as SessionId, user: user as UserId, watch: false };
  const request: AttachRequest = { room: room.id, epoch: room.tenure.epoch, handle, ...who, round: 0, version: null };
  pending.attach(peer as unknown as LinkPeer, { sessions: [request] });
  return peer;
}

const names = (room: HostedRoom) => room.durable.seats.map(({ user, presence }) => `${user} ${presence}`);
const seen = (room: HostedRoom) => (room.durable.state as Seen).seen;

describe('a player who joins a running game', () => {
  it('gets the seat in the room record before the first sync', async () => {
    const room = await hosts.open(first);
    await reserve(room, 'late', 2);
    attach(first, room, 'late');
    await until(() => room.bySeat.has(2));
    expect(names(room)).toEqual(['u0 here', 'u1 here', 'late here']);
    expect(seen(room)).toEqual(['joined 0', 'joined 1', 'joined 2']);
  });

  it('gets no seat when the room record does not contain the player', async () => {
    const room = await hosts.open(first);
    attach(first, room, 'stranger');
    await first.seats.reconcile(room);
    expect(names(room)).toEqual(['u0 here', 'u1 here']);
    expect(room.attachments.size).toBe(0);
  });

  it('joins only once when the gateway repeats the request to attach', async () => {
    const room = await hosts.open(first);
    await reserve(room, 'late', 2);
    for (const handle of [1, 2, 3]) attach(first, room, 'late', handle);
    await until(() => room.bySeat.get(2)?.handle === 3);
    expect(seen(room)).toEqual(['joined 0', 'joined 1', 'joined 2']);
  });

  it('gets the seat on the next server when the room migrates before the player attaches', async () => {
    const room = await hosts.open(first);
    await reserve(room, 'late', 2);
    await first.migrator.migrate(room.id);
    const moved = second.rooms.get(room.id) as HostedRoom;
    attach(second, moved, 'late');
    await until(() => moved.bySeat.has(2));
    expect(seen(moved)).toEqual(['joined 0', 'joined 1', 'joined 2']);
  });

  it('gets the seat of a player whose departure no gateway reported', async () => {
    const room = await hosts.open(first);
    const before = first.attach(room, 1, 5, null);
    await hosts.leave(room.id, 'u1');
    await reserve(room, 'late', 1);
    attach(first, room, 'late');
    await until(() => room.bySeat.get(1)?.user === 'late');
    expect(names(room)).toEqual(['u0 here', 'late here']);
    expect(seen(room)).toEqual(['joined 0', 'joined 1', 'left 1', 'joined 1']);
    expect([...room.attachments].map(({ user }) => user)).toEqual(['late']);
    expect(before).toBeDefined();
  });

  it('keeps the game running after the only other player has left', async () => {
    const room = await hosts.open(first, 1);
    await hosts.leave(room.id, 'u0');
    await reserve(room, 'late', 0);
    attach(first, room, 'late');
    await until(() => room.bySeat.has(0));
    expect(room.value.ended).toBeUndefined();
  });

  it('is part of the room record when the owner restores a lost record', async () => {
    const room = await hosts.open(first);
    await reserve(room, 'late', 2);
    attach(first, room, 'late');
    await until(() => room.bySeat.has(2));
    expect(room.doc).toEqual((await hosts.record(room.id)).doc);
  });
});

describe('the lock of a game', () => {
  it('is part of the room record until the game removes the lock', async () => {
    const room = await hosts.open(first);
    await first.does(room, 0, 'lock');
    await until(async () => (await hosts.record(room.id)).isLocked === true);
    await first.does(room, 0, 'unlock');
    await until(async () => (await hosts.record(room.id)).isLocked === undefined);
  });

  it('makes a write of the room record fail when the writer read the record before the game was locked', async () => {
    const room = await hosts.open(first);
    const record = await hosts.record(room.id);
    await first.does(room, 0, 'lock');
    await until(async () => (await hosts.record(room.id)).isLocked === true);
    expect(await hosts.records.save(record, { doc: record.doc })).toBeNull();
  });

  it('is refused when the server does not own the room', async () => {
    const room = await hosts.open(first);
    expect(await hosts.records.lock(room.id, { ...room.tenure, epoch: room.tenure.epoch - 1 }, true)).toBe(false);
    expect(await hosts.record(room.id)).not.toHaveProperty('isLocked');
  });
});

describe('a bot of a room', () => {
  it('makes its moves without a request of a player, even after a migration', async () => {
    const room = await hosts.open(first);
    await first.does(room, 0, 'bot');
    await until(() => seen(room).includes('moves 2'));
    await first.migrator.migrate(room.id);
    const moved = second.rooms.get(room.id) as HostedRoom;
    await until(() => seen(moved).length === 4);
    expect(seen(moved)).toEqual(['joined 0', 'joined 1', 'moves 2', 'moves 2']);
    expect(names(moved)[2]).toBe('bot:2 here');
  });
});
