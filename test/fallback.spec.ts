import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type Room, type Session } from '#libs/client/node';
import type { RoomId } from '#libs/protocol';
import { RedisConnections, redisName } from '#libs/redis';
import { type RoomRecord, RoomRecords } from '#libs/room-store';
import { ADMIN_TOKEN, answered, type Fleet, type FleetServer, type Ledger, startFleet, until } from './harness/index.js';

type LedgerRoom = Room<Ledger>;
interface Pair {
  readonly players: [Session, Session];
  readonly rooms: [LedgerRoom, LedgerRoom];
}

const QUICKLY = { reconnect: { firstMs: 50, maxMs: 200, giveUpMs: 60_000 } };
/** Time limit for each message to a player after a fallback of the store, in ms. */
const SOON = { timeoutMs: 8_000 };

let fleet: Fleet;
let folder: string;
let effectsFile: string;
let stopped: FleetServer[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-fallback-'));
  effectsFile = join(folder, 'effects');
  fleet = await startFleet({
    gateways: 2,
    lobbies: 1,
    games: 2,
    testGames: { turnMs: 60_000 },
    redis: { appendonly: true },
    env: { TEST_EFFECTS: effectsFile },
  });
}, 60_000);
afterAll(async () => {
  await fleet.stop();
  await rm(folder, { recursive: true });
});
afterEach(async () => {
  for (const server of stopped) server.kill('SIGCONT');
  stopped = [];
  for (const server of fleet.servers) if (server.exit) await fleet.restart(server);
  await fleet.whole();
}, 40_000);

const newPlayers = (): Promise<[Session, Session]> =>
  Promise.all([
    fleet.newPlayer('Ada', { gateway: fleet.gateways[0], ...QUICKLY }),
    fleet.newPlayer('Bob', { gateway: fleet.gateways[1], ...QUICKLY }),
  ]);

async function together(players: [Session, Session]): Promise<Pair> {
  const [ada, bob] = players;
  const made = await ada.createRoom<Ledger>({ game: 'ledger' });
  return { players, rooms: [made, await bob.joinRoom<Ledger>(made.id)] };
}

async function start({ rooms: [made, joined] }: Pair): Promise<void> {
  await answered(() => joined.ready());
  await answered(() => made.start());
  for (const room of [made, joined]) await room.waitFor(({ status, state }) => status === 'playing' && state !== undefined, SOON);
}

let notes = 0;
/** Lets both players send notes, and checks that both players see all notes. */
async function play({ rooms }: Pair, moves = 3): Promise<void> {
  let last = '';
  for (let move = 0; move < moves; move++) {
    for (const room of rooms) {
      last = String(++notes);
      await room.send('note', { id: last });
    }
  }
  for (const room of rooms) await room.waitFor(({ state }) => state?.applied.some((ids) => ids.includes(last)) === true, SOON);
}

/** Ends the game, and checks that both players receive the result and return to the room. */
async function finish({ rooms }: Pair, id: string): Promise<void> {
  const heard = rooms.map((room) => new Promise((resolve) => room.on('end', resolve)));
  await rooms[0].send('settle', { id });
  expect(await Promise.all(heard)).toEqual(
    Array.from(rooms, () => expect.objectContaining({ reason: 'finished', result: { settled: id } })),
  );
  for (const room of rooms) await room.waitFor(({ view }) => view.status === 'waiting' && view.lastResult !== undefined, SOON);
}

/** Returns the keys of the effects that ran for the payment `id`, in order. */
async function ran(id: string): Promise<string[]> {
  const lines = (await readFile(effectsFile, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as { id: string; key: string }).flatMap((one) => (one.id === id ? one.key : []));
}

/** Breaks the connection of a player and resumes the session at a gateway. */
async function comesBack(player: Session, gateway: FleetServer): Promise<Session> {
  player.detach();
  return answered(() => connect([gateway.publicUrl], { ...player.credentials, ...QUICKLY }));
}

async function inRoom(player: Session, id: string): Promise<LedgerRoom> {
  return (await until(() => player.room?.id === id && player.room, SOON.timeoutMs)) as LedgerRoom;
}

const record = (id: string) => fleet.redis.client.hgetall(redisName(`room:{${id}}`));

async function close(...players: Session[]): Promise<void> {
  for (const player of players) {
    await player.room?.leave().catch(() => {});
    player.close();
  }
}

describe('a fleet whose store falls back to a time before the start of a game', () => {
  it('continues the game for connected players and for resuming players', async () => {
    const players = await newPlayers();
    const made = await players[0].createRoom<Ledger>({ game: 'ledger' });
    const kept = await fleet.redis.keep();
    const pair: Pair = { players, rooms: [made, await players[1].joinRoom<Ledger>(made.id)] };
    await start(pair);
    await play(pair);
    await fleet.redis.fallBack(kept);
    await play(pair);

    const bob = await comesBack(players[1], fleet.gateways[0]);
    const room = await inRoom(bob, made.id);
    await room.waitFor(({ status, state, seat }) => status === 'playing' && state !== undefined && seat === 1, SOON);
    expect((await answered(() => bob.me())).room).toMatchObject({ id: made.id, status: 'playing' });
    const again: Pair = { players: [players[0], bob], rooms: [made, room] };
    await play(again);

    const owner = await fleet.ownerOf(made);
    owner.kill();
    await play(again);
    await finish(again, 'a');
    await close(...again.players);
  }, 60_000);
});

describe('a fleet whose store falls back to a time before the end of a game', () => {
  it('neither restarts the game nor repeats its effects', async () => {
    const pair = await together(await newPlayers());
    await start(pair);
    await play(pair);
    const kept = await fleet.redis.keep();
    await finish(pair, 'b');
    await until(async () => (await ran('b')).length === 1);
    await fleet.redis.fallBack(kept);
    await until(async () => (await record(pair.rooms[0].id)).status === 'waiting');
    expect(await record(pair.rooms[0].id)).toMatchObject({ status: 'waiting', round: '1', owner: '' });
    expect((await answered(() => pair.players[1].me())).room).toMatchObject({
      status: 'waiting',
      lastResult: { result: { settled: 'b' } },
    });
    // Waits for longer than one interval of the former owner's sweep, which looks for rooms whose records name this owner. The sweep must
    // not change this room.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(await record(pair.rooms[0].id)).toMatchObject({ status: 'waiting', round: '1' });
    await start(pair);
    await play(pair);
    await finish(pair, 'b2');
    expect(await ran('b')).toHaveLength(1);
    await close(...pair.players);
  }, 60_000);

  it('does not restart the game even when all gateways restart', async () => {
    const pair = await together(await newPlayers());
    await start(pair);
    await play(pair);
    const kept = await fleet.redis.keep();
    await finish(pair, 'c');
    const [{ id }] = pair.rooms;
    await until(async () => (await ran('c')).length === 1);
    for (const player of pair.players) player.detach();
    for (const gateway of fleet.gateways) gateway.kill();
    await Promise.all(fleet.gateways.map(({ exited }) => exited));
    await fleet.redis.fallBack(kept);
    for (const gateway of [...fleet.gateways]) await fleet.restart(gateway);
    await until(async () => (await record(id)).status === 'waiting', 10_000);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(await record(id)).toMatchObject({ status: 'waiting', round: '1', result: expect.stringContaining('"c"') });
    expect(await ran('c')).toHaveLength(1);
  }, 60_000);
});

describe('a fleet whose store loses all its data', () => {
  it('keeps all players in their rooms while the owner of the rooms is suspended', async () => {
    const pairs = await Promise.all(Array.from({ length: 4 }, async () => together(await newPlayers())));
    await Promise.all(pairs.map(start));
    await Promise.all(pairs.map((pair) => play(pair, 1)));
    const left = watchLeft(pairs);
    stopped = [...fleet.games];
    for (const server of stopped) server.kill('SIGSTOP');
    await fleet.redis.fallBack('nothing');
    // The suspension is short, so the health checks do not evict the server.
    await new Promise((resolve) => setTimeout(resolve, 1_800));
    for (const server of stopped) server.kill('SIGCONT');
    for (const pair of pairs) await play(pair, 2);
    expect(left).toEqual([]);
    for (const [index, pair] of pairs.entries()) await finish(pair, `busy-${index}`);
    await close(...pairs.flatMap(({ players }) => players));
  }, 60_000);

  it('keeps all players in their rooms when the store refuses writes for five seconds', async () => {
    const pairs = await Promise.all(Array.from({ length: 4 }, async () => together(await newPlayers())));
    const waiting = await together(await newPlayers());
    await Promise.all(pairs.map(start));
    await Promise.all(pairs.map((pair) => play(pair, 1)));
    const left = watchLeft([...pairs, waiting]);
    await fleet.redis.kill();
    await rm(`${fleet.redis.dir}/appendonlydir`, { recursive: true, force: true });
    await fleet.redis.startAgain({ 'min-replicas-to-write': 3 });
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    await fleet.redis.client.config('SET', 'min-replicas-to-write', '0');
    for (const pair of pairs) await play(pair, 2);
    await start(waiting);
    await play(waiting);
    expect(left).toEqual([]);
    await close(...[...pairs, waiting].flatMap(({ players }) => players));
  }, 60_000);

  it('restores waiting rooms with their members and their place in the list', async () => {
    const [carl, dora] = await newPlayers();
    const pair = await together(await newPlayers());
    const left = watchLeft([pair]);
    await fleet.redis.fallBack('nothing');
    await until(async () => (await carl.rooms().catch(() => [])).some(({ id }) => id === pair.rooms[0].id), SOON.timeoutMs);
    const [summary] = (await answered(() => carl.rooms())).filter(({ id }) => id === pair.rooms[0].id);
    expect(summary).toMatchObject({ players: 2, seats: 2 });
    const watched = await answered(() => dora.watchRoom<Ledger>(pair.rooms[0].id));
    await start(pair);
    await watched.waitFor(({ state }) => state !== undefined, SOON);
    await fleet.redis.fallBack('nothing');
    await play(pair);
    await watched.waitFor(({ state }) => state?.applied[1].length === 3, SOON);
    const again = await comesBack(dora, fleet.gateways[0]);
    await (await inRoom(again, watched.id)).waitFor(({ state }) => state?.applied[1].length === 3, SOON);
    expect((await answered(() => again.me())).watching).toBe(true);
    await finish(pair, 'f');
    expect(left).toEqual([]);
    await close(...pair.players, carl, again);
  }, 60_000);
});

describe('a gateway that starts while the store comes back empty', () => {
  it('accepts resumes of players only after the living servers have registered again', async () => {
    const pair = await together(await newPlayers());
    const [ada, bob] = pair.players;
    const [living, starting] = fleet.gateways;
    const left: string[] = [];
    pair.rooms[1].on('left', (reason) => left.push(String(reason)));
    // Bob moves to the living gateway first. Otherwise no gateway could restore his session after the store lost it.
    const moved = new Promise<void>((resolve) => void bob.on('status', (status) => status === 'open' && resolve()));
    starting.kill();
    await Promise.all([starting.exited, moved]);
    await fleet.redis.kill();
    await rm(`${fleet.redis.dir}/appendonlydir`, { recursive: true, force: true });
    const started = fleet.restart(starting);
    // Waits 1.5 s. On most machines, the new process has then started and waits for Redis.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    stopped = [living, ...fleet.games];
    for (const server of stopped) server.kill('SIGSTOP');
    await fleet.redis.startAgain();
    // Keeps the other servers busy, as on a slow machine. Ends early if the new process marks the store as settled without waiting for
    // these servers.
    await until(async () => (await fleet.redis.client.get(redisName('settled'))) !== null, 900).catch(() => {});
    const resumed = comesBack(ada, starting);
    await new Promise((resolve) => setTimeout(resolve, 200));
    for (const server of stopped) server.kill('SIGCONT');
    await started;
    const again = await resumed;
    expect(again.user).toBe(ada.user);
    const room = await inRoom(again, pair.rooms[0].id);
    await start({ players: [again, bob], rooms: [room, pair.rooms[1]] });
    expect(left).toEqual([]);
    await close(again, bob);
  }, 40_000);
});

describe('a fleet whose store falls back while no game runs in a room', () => {
  it('keeps the joins, departures and readiness of the members', async () => {
    const [ada, bob] = await newPlayers();
    const carl = await fleet.newPlayer('Carl', QUICKLY);
    const made = await ada.createRoom<Ledger>({ game: 'ledger' });
    await (await carl.joinRoom(made.id)).waitFor(({ view }) => view.members.length === 2, SOON);
    const kept = await fleet.redis.keep();
    await carl.room?.leave();
    const joined = await bob.joinRoom<Ledger>(made.id);
    await joined.ready();
    await made.waitFor(({ view }) => view.members.some(({ user, ready }) => user === bob.user && ready), SOON);
    await fleet.redis.fallBack(kept);
    await start({ players: [ada, bob], rooms: [made, joined] });
    await play({ players: [ada, bob], rooms: [made, joined] });
    expect((await answered(() => carl.me())).room).toBeNull();
    expect(made.view.members.map(({ name }) => name)).toEqual(['Ada', 'Bob']);
    await close(ada, bob, carl);
  }, 40_000);

  it('runs each pending request of a suspended lobby exactly once', async () => {
    const [ada, bob] = await newPlayers();
    const made = await bob.createRoom<Ledger>({ game: 'ledger' });
    stopped = [...fleet.lobbies];
    for (const lobby of stopped) lobby.kill('SIGSTOP');
    const creating = ada.createRoom<Ledger>({ game: 'ledger', name: 'under way' });
    const leaving = made.leave();
    await fleet.redis.fallBack('nothing');
    // A lobby has no data to restore, so the other servers do not wait for it.
    await until(() => fleet.redis.client.exists(redisName('settled')).then((count) => count === 1));
    for (const lobby of stopped) lobby.kill('SIGCONT');
    const created = await creating;
    await leaving;
    expect((await answered(() => ada.rooms())).filter(({ name }) => name === 'under way').map(({ id }) => id)).toEqual([created.id]);
    expect((await answered(() => bob.me())).room).toBeNull();
    const pair: Pair = { players: [ada, bob], rooms: [created, await bob.joinRoom<Ledger>(created.id)] };
    await start(pair);
    await play(pair);
    await close(...pair.players);
  }, 40_000);

  it('does not reopen a room that its last member has left', async () => {
    const [ada, bob] = await newPlayers();
    const made = await ada.createRoom<Ledger>({ game: 'ledger' });
    const kept = await fleet.redis.keep();
    await made.leave();
    await until(async () => Object.keys(await record(made.id)).length === 0);
    await fleet.redis.fallBack(kept);
    await until(async () => Object.keys(await record(made.id)).length === 0, SOON.timeoutMs);
    expect((await answered(() => ada.me())).room).toBeNull();
    expect((await answered(() => bob.rooms())).map(({ id }) => id)).not.toContain(made.id);
    await close(ada, bob);
  }, 40_000);

  it('does not reopen a closed room when a gateway was suspended during the close', async () => {
    const pair = await together(await newPlayers());
    const [{ id }] = pair.rooms;
    stopped = [fleet.gateways[1]];
    fleet.gateways[1].kill('SIGSTOP');
    await pair.rooms[0].leave();
    // Closes the room as the sweeper would. The last member cannot leave the room, because the gateway of this member is suspended.
    await closeRoom(id);
    await fleet.redis.fallBack(await fleet.redis.keep());
    fleet.gateways[1].kill('SIGCONT');
    await pair.rooms[1]
      .waitFor(({ status }) => status === 'left', SOON)
      .catch((error) => expect(error).toMatchObject({ code: 'not-in-room' }));
    expect(await record(id)).toEqual({});
    await close(...pair.players);
  }, 40_000);
});

describe('a fleet whose store falls back to a time before a room changed its owner', () => {
  it('continues the game at the new owner after a migration or an adoption', async () => {
    const pair = await together(await newPlayers());
    await start(pair);
    await play(pair);
    let kept = await fleet.redis.keep();
    const source = await fleet.ownerOf(pair.rooms[0]);
    const target = fleet.games.find((server) => server !== source) as FleetServer;
    await migrate(pair.rooms[0].id, target);
    await play(pair);
    await fleet.redis.fallBack(kept);
    await play(pair);
    await until(async () => (await record(pair.rooms[0].id)).owner === target.id, SOON.timeoutMs);

    kept = await fleet.redis.keep();
    target.kill();
    await play(pair);
    await fleet.redis.fallBack(kept);
    await play(pair);
    await until(async () => (await record(pair.rooms[0].id)).owner === source.id, SOON.timeoutMs);
    await fleet.restart(target);
    await finish(pair, 'e');
    await close(...pair.players);
  }, 60_000);
});

describe('a fleet whose store falls back and loses recent changes of sessions and searches', () => {
  it('matches players whose searches the store has lost', async () => {
    const [ada, bob] = await newPlayers();
    const first = ada.quickMatch<Ledger>('ledger');
    await until(async () => (await answered(() => ada.me())).searching === 'ledger');
    await fleet.redis.fallBack('nothing');
    await until(async () => (await ada.me().catch(() => null))?.searching === 'ledger', SOON.timeoutMs);
    const rooms = await Promise.all([first, until(() => bob.quickMatch<Ledger>('ledger').catch(() => null), SOON.timeoutMs)]);
    expect(rooms[0].id).toBe(rooms[1].id);
    await close(ada, bob);
  }, 40_000);

  it('keeps players in their game when the older data contain their searches', async () => {
    const [ada, bob] = await newPlayers();
    const [carl, dora] = await newPlayers();
    const first = ada.quickMatch<Ledger>('ledger');
    await until(async () => (await answered(() => ada.me())).searching === 'ledger');
    const kept = await fleet.redis.keep();
    const rooms = await Promise.all([first, bob.quickMatch<Ledger>('ledger')]);
    for (const room of rooms) await room.waitFor(({ status, state }) => status === 'playing' && state !== undefined, SOON);
    await fleet.redis.fallBack(kept);
    await play({ players: [ada, bob], rooms });
    const third = carl.quickMatch<Ledger>('ledger');
    await until(async () => (await answered(() => carl.me())).searching === 'ledger');
    // The longest search in the queue is matched first. If Ada were still in the queue, Carl would be matched with her and not with Dora.
    const others = await Promise.all([third, dora.quickMatch<Ledger>('ledger')]);
    expect(others[0].id).toBe(others[1].id);
    expect(ada.room?.id).toBe(rooms[0].id);
    await play({ players: [ada, bob], rooms });
    await close(ada, bob, carl, dora);
  }, 40_000);

  it('restores the latest login, resume or logout of each player', async () => {
    const [ada, bob] = await newPlayers();
    const made = await ada.createRoom<Ledger>({ game: 'ledger' });
    const joined = await bob.joinRoom<Ledger>(made.id);
    const kept = await fleet.redis.keep();
    const carl = await fleet.newPlayer('Carl', { gateway: fleet.gateways[0], ...QUICKLY });
    const resumed = await comesBack(ada, fleet.gateways[1]);
    await inRoom(resumed, made.id);
    bob.close();
    await (resumed.room as LedgerRoom).waitFor(({ view }) => view.members.length === 1, SOON);
    await fleet.redis.fallBack(kept);
    const carlAgain = await comesBack(carl, fleet.gateways[1]);
    expect(carlAgain.user).toBe(carl.user);
    const adaAgain = await comesBack(resumed, fleet.gateways[0]);
    const room = await inRoom(adaAgain, made.id);
    await room.waitFor(({ view }) => view.members.length === 1, SOON);
    expect(joined.status).toBe('left');
    const guest = await answered(() => carlAgain.joinRoom<Ledger>(made.id));
    await start({ players: [adaAgain, carlAgain], rooms: [room, guest] });
    await close(adaAgain, carlAgain);
  }, 40_000);
});

async function closeRoom(id: RoomId): Promise<void> {
  const connections = new RedisConnections({ url: fleet.redis.url });
  await connections.ready();
  const records = new RoomRecords(connections);
  await until(async () => records.close((await records.read(id)) as RoomRecord, 'room-expired'));
  connections.onApplicationShutdown();
}

async function migrate(id: string, to: FleetServer): Promise<void> {
  const response = await fetch(`${fleet.gateways[0].opsUrl}/api/rooms/${id}/migrate`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ to: to.id }),
  });
  expect([response.status, await response.json()]).toMatchObject([200, { to: to.id }]);
}

/** Returns a list of the reasons of all `left` messages that the players of these pairs receive. The list grows with each message. */
function watchLeft(pairs: readonly Pair[]): string[] {
  const left: string[] = [];
  for (const { players, rooms } of pairs) {
    for (const [index, room] of rooms.entries()) room.on('left', (reason) => left.push(`${players[index].name} of ${room.id}: ${reason}`));
  }
  return left;
}
