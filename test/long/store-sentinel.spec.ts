import { type Fleet, LedgerGame, SentinelStore, startFleet } from '../harness/index.js';

describe.each([
  { replicas: '0', dies: 'alone' },
  { replicas: '1', dies: 'together with a game server' },
])('the primary of a Redis with sentinels, killed $dies (DURABILITY_REPLICAS=$replicas)', ({ replicas, dies }) => {
  let fleet: Fleet;
  let store: SentinelStore;
  beforeAll(async () => {
    fleet = await startFleet({
      gateways: 1,
      lobbies: 1,
      games: 2,
      testGames: { turnMs: 60_000 },
      env: { DURABILITY_REPLICAS: replicas },
      store: async (home) => {
        store = await SentinelStore.start(home);
        return store;
      },
    });
  }, 60_000);
  afterAll(() => fleet.stop());

  it('games go on at the replica that follows it, with every command that was acknowledged', async () => {
    const games = await LedgerGame.many(fleet, 4);
    await Promise.all(games.map((game) => game.goesOn(10)));
    const owner = await fleet.ownerOf(games[0].rooms[0]);
    if (dies !== 'alone') owner.kill();
    await store.killPrimary();
    await Promise.all(games.map((game) => game.goesOn(5, 30_000)));
    await store.failedOver();
    await Promise.all(games.map((game) => game.settled()));
    const living = fleet.servers.filter(({ exit }) => !exit);
    for (const server of living) expect(server.logged('server.condemned')).toEqual([]);
    await fleet.whole();
    const { rooms } = await fleet.twoPlayersInAGame('tic-tac-toe');
    await rooms[0].leave();
    await Promise.all(games.map((game) => game.leave()));
  }, 60_000);
});
