import { type Fleet, LedgerGame, SentinelStore, startFleet } from '../harness/index.js';

/** `promises.spec.ts` tests the same fault with DURABILITY_REPLICAS=1. */
describe('a fleet without DURABILITY_REPLICAS, when only the primary of a Redis with sentinels is killed', () => {
  let fleet: Fleet;
  let store: SentinelStore;
  beforeAll(async () => {
    fleet = await startFleet({
      gateways: 1,
      lobbies: 1,
      games: 2,
      testGames: { turnMs: 60_000 },
      store: async (home) => {
        store = await SentinelStore.start(home);
        return store;
      },
    });
  }, 60_000);
  afterAll(() => fleet.stop());

  it('continues its games with the new primary, with every acknowledged command', async () => {
    const games = await LedgerGame.many(fleet, 4);
    await Promise.all(games.map((game) => game.goesOn(10)));
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
