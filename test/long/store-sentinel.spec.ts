import { type Fleet, LedgerGame, SentinelStore, startFleet } from '../harness/index.js';

/** `promises.spec.ts` tests the loss of the primary with DURABILITY_REPLICAS=1. */
describe('a fleet without DURABILITY_REPLICAS on a Redis with sentinels', () => {
  let fleet: Fleet;
  let store: SentinelStore;
  beforeEach(async () => {
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
  afterEach(() => fleet.stop());

  it.each<[string, (store: SentinelStore) => Promise<void>]>([
    ['killed', (sentinels) => sentinels.killPrimary()],
    ['replaced by an operator and still accepts writes', (sentinels) => sentinels.switchPrimary()],
  ])(
    'continues its games with every acknowledged command when the primary is %s',
    async (_, replace) => {
      const games = await LedgerGame.many(fleet, 4);
      await Promise.all(games.map((game) => game.goesOn(10)));
      await replace(store);
      await Promise.all(games.map((game) => game.goesOn(5, 30_000)));
      await store.failedOver();
      await Promise.all(games.map((game) => game.settled()));
      const living = fleet.servers.filter(({ exit }) => !exit);
      for (const server of living) expect(server.logged('server.condemned')).toEqual([]);
      await fleet.whole();
      const { rooms } = await fleet.twoPlayersInAGame('tic-tac-toe');
      await rooms[0].leave();
      await Promise.all(games.map((game) => game.leave()));
    },
    60_000,
  );
});
