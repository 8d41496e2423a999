import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cluster, type Redis } from 'ioredis';
import type { TicTacToe } from '#games/tic-tac-toe';
import { connect } from '#libs/client/node';
import { ADMIN_TOKEN, ClusterStore, EventStream, type Fleet, FleetRedis, type FleetStore, startFleet, until } from './harness/index.js';

const LINK_SECRET = 'the same secret in both fleets';

describe.each([
  ['a Redis', (home: string): Promise<FleetStore> => FleetRedis.start(home, { appendonly: true })],
  ['a Cluster', (home: string): Promise<FleetStore> => ClusterStore.start(home)],
])('two fleets that share %s', (kind, startStore) => {
  let home: string;
  let store: FleetStore;
  let [blue, green]: Fleet[] = [];

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'holdfast-shared-'));
    store = await startStore(home);
    const shared: FleetStore = { url: store.url, client: store.client, stop: async () => {} };
    // The servers of both fleets have the same names and the same secret, so only the prefix separates the fleets.
    [blue, green] = await Promise.all(
      ['blue', 'green'].map((REDIS_PREFIX) => startFleet({ games: 2, store: () => shared, env: { REDIS_PREFIX, LINK_SECRET } })),
    );
  }, 60_000);
  afterAll(async () => {
    await Promise.all([blue?.stop(), green?.stop()]);
    await store?.stop();
    await rm(home, { recursive: true, force: true });
  });

  const nodes = (): Redis[] => (store.client instanceof Cluster ? store.client.nodes('master') : [store.client]);

  it('show operators only the servers and rooms of their own fleet', async () => {
    const { rooms } = await blue.twoPlayersInAGame<TicTacToe>('tic-tac-toe');
    const listed = await Promise.all([blue, green].map((fleet) => answer<{ servers: { id: string }[] }>(fleet, '/api/servers')));
    expect(listed.map(({ servers }) => servers.map(({ id }) => id).sort())).toEqual(
      ['blue', 'green'].map((prefix) => ['game:1', 'game:2', 'gateway:1', 'lobby:1'].map((server) => `${prefix}:${server}`)),
    );
    const ids = async (fleet: Fleet): Promise<string[]> =>
      (await answer<{ rooms: { id: string }[] }>(fleet, '/api/rooms')).rooms.map(({ id }) => id);
    expect(await ids(blue)).toEqual([rooms[0].id]);
    expect(await ids(green)).toEqual([]);
  }, 30_000);

  it('prevent players of one fleet from joining or listing rooms, or resuming sessions, in the other fleet', async () => {
    const [ada, eve] = [await blue.newPlayer('Ada'), await green.newPlayer('Eve')];
    const room = await ada.createRoom({ game: 'tic-tac-toe', name: 'In blue' });
    expect((await ada.rooms()).map(({ id }) => id)).toContain(room.id);
    expect(await eve.rooms()).toEqual([]);
    await expect(eve.joinRoom(room.id)).rejects.toMatchObject({ code: 'room-unknown' });
    await expect(connect(green.gateways[0].publicUrl, ada.credentials)).rejects.toMatchObject({ code: 'session-unknown' });
    expect((await ada.rooms()).map(({ id }) => id)).toContain(room.id);
  }, 30_000);

  it('keep the games of one fleet running when a server with the same name in the other fleet is killed', async () => {
    const events = await EventStream.of(green.gateways[0]);
    const games = await Promise.all([blue, green].map((fleet) => fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe')));
    const owner = await green.ownerOf(games[1].rooms[0]);
    const epoch = await store.client.hget(green.redisName(`room:{${games[1].rooms[0].id}}`), 'epoch');
    const killed = await blue.ownerOf(games[0].rooms[0]);
    killed.kill();
    await until(async () => (await blue.ownerOf(games[0].rooms[0])) !== killed, 15_000);
    await games[1].rooms[0].send('place', { cell: 4 });
    await games[1].rooms[1].waitFor(({ state }) => state?.cells[4] === 0, { timeoutMs: 5_000 });
    expect(await green.ownerOf(games[1].rooms[0])).toBe(owner);
    expect(await store.client.hget(green.redisName(`room:{${games[1].rooms[0].id}}`), 'epoch')).toBe(epoch);
    expect(events.events.filter(({ by, kind }) => !by.startsWith('green:') || kind === 'server.evicted')).toEqual([]);
    expect(events.told('room.started', games[1].rooms[0].id)).toHaveLength(1);
    events.close();
    await blue.restart(killed);
    await blue.whole();
  }, 60_000);

  // Runs only with a single Redis, because a Cluster does not lose all of its data at once.
  if (kind === 'a Redis')
    it('restore only their own games when Redis restarts empty', async () => {
      const fleets = [blue, green];
      const games = await Promise.all(fleets.map((fleet) => fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe')));
      await Promise.all(games.map(({ rooms }) => rooms[0].send('place', { cell: 4 })));
      await (store as FleetRedis).fallBack('nothing');
      await Promise.all(games.map(({ rooms }) => until(() => rooms[1].send('place', { cell: 0 }).then(() => true), 20_000)));
      for (const [index, { rooms }] of games.entries()) {
        await rooms[0].waitFor(({ state }) => state?.cells[0] === 1 && state.cells[4] === 0, { timeoutMs: 5_000 });
        const restored = await Promise.all(fleets.map((fleet) => store.client.exists(fleet.redisName(`room:{${rooms[0].id}}`))));
        expect(restored).toEqual([1 - index, index]);
      }
      await Promise.all(
        fleets.map((fleet) => until(() => store.client.exists(fleet.redisName('settled')).then((count) => count === 1), 15_000)),
      );
    }, 60_000);

  it('use only keys and channels that begin with one of their two prefixes', async () => {
    const keys = (await Promise.all(nodes().map((node) => node.keys('*')))).flat();
    const channels = (await Promise.all(nodes().map((node) => node.pubsub('CHANNELS', '*')))).flat() as string[];
    for (const prefix of ['blue:', 'green:'])
      for (const names of [keys, channels]) expect(names.filter((name) => name.startsWith(prefix)).length).toBeGreaterThan(2);
    expect([...keys, ...channels].filter((name) => !/^(blue|green):/.test(name))).toEqual([]);
  });
});

async function answer<Body>(fleet: Fleet, path: string): Promise<Body> {
  const response = await fetch(`${fleet.gateways[0].opsUrl}${path}`, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
  return (await response.json()) as Body;
}
