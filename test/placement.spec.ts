import type { TicTacToe } from '#games/tic-tac-toe';
import type { Room, Session } from '#libs/client';
import { REQUEST_TIMEOUT_MS_DEFAULT } from '#libs/link';
import { redisName } from '#libs/redis';
import { ADMIN_TOKEN, type Fleet, type Game, startFleet, until } from './harness/index.js';

const ROOMS = 100;

describe('the placement of rooms in a fleet', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet({ gateways: 2, lobbies: 2, games: 2 });
  }, 60_000);
  afterAll(() => fleet.stop());

  it('spreads a hundred rooms evenly over two servers, and then over four', async () => {
    const pairs = await Promise.all(Array.from({ length: ROOMS }, () => pair(fleet)));
    const first = await startAll(pairs);
    expect(await spread(fleet, first)).toEqual([50, 50]);

    // Removes the first hundred rooms, so that only the next hundred rooms count for the balance.
    await Promise.all(pairs.flatMap(([host, guest]) => [host.room?.leave(), guest.room?.leave()]));
    await until(() => fleet.redis.client.zcard(redisName('rooms')).then((left) => left === 0), 15_000);
    await Promise.all(['3', '4'].map((name) => fleet.start('game', name)));
    await fleet.whole();

    const second = await startAll(pairs);
    const counts = await spread(fleet, second);
    expect(counts).toHaveLength(4);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  }, 60_000);

  it('places no game on a server that was just killed', async () => {
    const [killed] = fleet.games;
    const pairs = await Promise.all(Array.from({ length: 20 }, () => pair(fleet)));
    const ready = await Promise.all(pairs.map(seated));
    killed.kill();
    await killed.exited;
    await Promise.all(ready.map((room) => room.start()));
    await Promise.all(ready.map((room) => room.waitFor(({ status }) => status === 'playing', { timeoutMs: 10_000 })));
    const owners = await Promise.all(ready.map((room) => ownerIdOf(fleet, room)));
    expect(owners).not.toContain(killed.id);
  }, 30_000);

  it('places games on a restarted server without a restart of other servers', async () => {
    const back = await fleet.restart(fleet.games[0]);
    await fleet.whole();
    const ready = await Promise.all(Array.from({ length: 20 }, async () => seated(await pair(fleet))));
    await Promise.all(ready.map((room) => room.start()));
    expect(await Promise.all(ready.map((room) => ownerIdOf(fleet, room)))).toContain(back.id);
  }, 30_000);
});

describe('a rematch', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    // Without a ramp, a new server immediately gets its full share of rooms.
    fleet = await startFleet({ gateways: 1, lobbies: 1, games: 1, env: { PLACEMENT_RAMP_MS: '0' } });
  }, 60_000);
  afterAll(() => fleet.stop());

  it('is placed on the server with the fewest rooms', async () => {
    const busy = fleet.games[0];
    const others = await Promise.all(Array.from({ length: 3 }, () => fleet.twoPlayersInAGame('tic-tac-toe')));
    const { rooms } = await fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe');
    const empty = await fleet.start('game', '2');
    await fleet.whole();
    const [host, guest] = rooms;
    for (const [at, cell] of [0, 3, 1, 4, 2].entries()) await rooms[at % 2].send('place', { cell });
    await Promise.all(rooms.map((room) => room.waitFor(({ status }) => status === 'ended', { timeoutMs: 5_000 })));
    expect(await ownerIdOf(fleet, others[0].rooms[0])).toBe(busy.id);
    await guest.ready();
    await host.start();
    await host.waitFor(({ status }) => status === 'playing', { timeoutMs: 5_000 });
    expect(await ownerIdOf(fleet, host)).toBe(empty.id);
  }, 30_000);
});

describe('a reservation of a lobby that is killed before the start of the room', () => {
  const STARTS = 12;
  let fleet: Fleet;
  beforeAll(async () => {
    // The test suspends game servers for a moment. With this setting, no gateway evicts them.
    const env = { HEALTH_MAX_MISSES: '20', PLACEMENT_CLAIM_MS: '2000' };
    fleet = await startFleet({ gateways: 2, lobbies: 2, games: 2, env });
  }, 60_000);
  afterAll(() => fleet.stop());

  it('is used for exactly one game', async () => {
    const { client } = fleet.redis;
    const rooms = await Promise.all(Array.from({ length: STARTS }, async () => seated(await pair(fleet))));
    for (const game of fleet.games) game.kill('SIGSTOP');
    const asked = rooms.map((room) => room.start().catch((error: unknown) => error));
    await until(async () => (await client.zcard(redisName('{placement}:expiries'))) === STARTS);
    const [killed] = fleet.lobbies;
    killed.kill();
    await killed.exited;
    for (const game of fleet.games) game.kill('SIGCONT');
    await Promise.all(asked);

    await Promise.all(rooms.map((room) => until(() => playsOrStartsAgain(room), 20_000)));
    await until(async () => (await client.zcard(redisName('{placement}:expiries'))) === 0, 10_000);
    const owners = await Promise.all(rooms.map((room) => ownerIdOf(fleet, room)));
    for (const { id } of fleet.games) {
      const owned = owners.filter((owner) => owner === id).length;
      expect(owned).toBeGreaterThan(0);
      // The number of rooms must be the same in the record of the server, in the record of placement and in the records of the rooms.
      await until(async () => Number(await client.hget(id, 'rooms')) === owned, 10_000);
      await until(async () => {
        const [inPlacement, reserved, weight] = await client.hmget(redisName(`{placement}:server:${id}`), 'rooms', 'reserved', 'weight');
        return Number(inPlacement) === owned && reserved === '0' && weight === '0';
      }, 10_000);
    }
    expect(owners.filter((owner) => fleet.games.some(({ id }) => id === owner))).toHaveLength(STARTS);
    await Promise.all(rooms.map((room) => room.leave()));
  }, 60_000);
});

describe('the start of a game whose game server hangs', () => {
  const STARTS = 4;
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet({ gateways: 1, lobbies: 1, games: 2 });
  }, 60_000);
  afterAll(() => fleet.stop());

  it('is repeated only on another server, as soon as its server is evicted', async () => {
    const { client } = fleet.redis;
    const [hung, other] = fleet.games;
    const offered = async (): Promise<boolean> => {
      const orders = await client.smembers(redisName('{placement}:offers:tic-tac-toe'));
      return (await Promise.all(orders.map((order) => client.zrange(order, '0', '-1')))).flat().some((record) => record.endsWith(other.id));
    };
    const ask = async (what: string, { id } = other): Promise<void> => {
      const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
      const { status } = await fetch(`${fleet.gateways[0].opsUrl}/api/servers/${id}/${what}`, { method: 'POST', headers });
      expect(status).toBe(200);
    };
    const rooms = await Promise.all(Array.from({ length: STARTS }, async () => seated(await pair(fleet))));
    await ask('cordon');
    await until(async () => !(await offered()));
    // The lobby opens its link to a game server at the first start there. With an open link, the starts below reach the suspended server.
    const first = await seated(await pair(fleet));
    await first.start();
    await first.leave();
    await until(async () => (await client.hlen(redisName('{placement}:reservations'))) === 0);
    hung.kill('SIGSTOP');
    const starts = rooms.map((room) => room.start());
    await until(async () => (await client.zcard(redisName('{placement}:expiries'))) === STARTS);
    await ask('uncordon');
    await ask('evict', hung);
    const evictedAt = performance.now();
    await Promise.all(starts);
    expect(performance.now() - evictedAt).toBeLessThan(REQUEST_TIMEOUT_MS_DEFAULT / 2);
    await Promise.all(rooms.map((room) => room.waitFor(({ state }) => state !== undefined, { timeoutMs: 10_000 })));

    // The suspended server continues and reads the requests that arrived during its suspension.
    hung.kill('SIGCONT');
    await until(async () => {
      const { state, suspect = '0' } = await client.hgetall(hung.id);
      return state === 'ready' && suspect === '0';
    }, 10_000);
    await Promise.all(rooms.map((room) => (room as Room<TicTacToe>).send('place', { cell: 4 })));
    expect(await spread(fleet, rooms)).toEqual([0, STARTS]);
    await until(async () => (await hung.ops('/metrics')).text.includes('holdfast_rooms') && (await client.hget(hung.id, 'rooms')) === '0');
    expect(await client.hlen(redisName('{placement}:reservations'))).toBe(STARTS);
    await Promise.all(rooms.map((room) => room.leave()));
  }, 30_000);
});

/** Returns true when the game of the room runs. If a lobby has reverted the start, starts the game again as the host. */
async function playsOrStartsAgain(room: Room): Promise<boolean> {
  if (room.status === 'playing') return true;
  if (room.view.status === 'waiting') await room.start().catch(() => {});
  return false;
}

describe('placement in a full fleet', () => {
  let fleet: Fleet;
  let going: Game[] = [];
  beforeAll(async () => {
    fleet = await startFleet({ gateways: 1, lobbies: 2, games: 1, env: { MAX_GAMES: '2', PLACEMENT_WAIT_MS: '200' } });
  }, 60_000);
  afterAll(() => fleet.stop());

  it('lets the host cancel a start that waits for capacity', async () => {
    going = await Promise.all([fleet.twoPlayersInAGame('tic-tac-toe'), fleet.twoPlayersInAGame('chess')]);
    const late = await seated(await pair(fleet));
    const abort = new AbortController();
    const start = late.start({ waitMs: 10_000, signal: abort.signal });
    await late.waitFor(({ view }) => view.status === 'starting', { timeoutMs: 5_000 });
    abort.abort(new Error('enough'));
    await expect(start).rejects.toThrow('enough');
    expect(late.view.status).toBe('waiting');
  }, 30_000);

  it('refuses a start with `no-capacity` until capacity is free', async () => {
    const late = await seated(await pair(fleet));
    await expect(late.start()).rejects.toMatchObject({ code: 'no-capacity', retry: true });
    await late.waitFor(({ view }) => view.status === 'waiting' && view.members.length === 2, { timeoutMs: 5_000 });

    await going[0].rooms[0].leave();
    await late.start({ waitMs: 5_000 });
    await late.waitFor(({ status }) => status === 'playing', { timeoutMs: 5_000 });
    await late.leave();
    going = [going[1]];
  }, 30_000);

  it('refuses a start with `no-capacity` while no game server runs', async () => {
    const room = await seated(await pair(fleet));
    const [server] = fleet.games;
    server.kill();
    await until(async () => (await fleet.redis.client.hget(server.id, 'state')) === 'dead');
    await expect(room.start()).rejects.toMatchObject({ code: 'no-capacity', retry: true });
    await room.waitFor(({ view }) => view.status === 'waiting' && view.members.length === 2, { timeoutMs: 5_000 });

    // The restarted server first gets the recovered games. So the start of this room must wait until those games end.
    await fleet.restart(server);
    await Promise.all(going.map(({ rooms }) => rooms[0].waitFor(({ status }) => status === 'playing', { timeoutMs: 10_000 })));
    await Promise.all(going.map(({ rooms }) => rooms[0].leave()));
    await room.start({ waitMs: 8_000 });
    await room.waitFor(({ status }) => status === 'playing', { timeoutMs: 5_000 });
  }, 30_000);
});

/** Connects two players at different gateways. The players have no room. */
async function pair(fleet: Fleet): Promise<readonly [Session, Session]> {
  return [await fleet.newPlayer('Host'), await fleet.newPlayer('Guest')];
}

/** Puts two players into a room, ready to start. */
async function seated([host, guest]: readonly [Session, Session]): Promise<Room> {
  const room = await host.createRoom({ game: 'tic-tac-toe', private: true });
  await (await guest.joinRoom(room.id)).ready();
  return room;
}

/** Starts one room for each pair, and returns the rooms. First puts all pairs into rooms, so that all starts happen at the same time. */
async function startAll(pairs: readonly (readonly [Session, Session])[]): Promise<Room[]> {
  const rooms = await Promise.all(pairs.map(seated));
  await Promise.all(rooms.map((room) => room.start()));
  return rooms;
}

async function ownerIdOf(fleet: Fleet, { id }: { readonly id: string }): Promise<string | null> {
  return fleet.redis.client.hget(redisName(`room:{${id}}`), 'owner');
}

/** Returns the number of these rooms that each game server owns, from the rooms' records. */
async function spread(fleet: Fleet, rooms: readonly Room[]): Promise<number[]> {
  const owners = await Promise.all(rooms.map((room) => ownerIdOf(fleet, room)));
  return fleet.games.map(({ id }) => owners.filter((owner) => owner === id).length);
}
