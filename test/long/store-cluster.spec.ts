import type { TicTacToe } from '#games/tic-tac-toe';
import { redisName } from '#libs/redis';
import { ClusterStore, type Fleet, LedgerGame, startFleet, until } from '../harness/index.js';

describe('a fleet on a Redis Cluster of three', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet({
      gateways: 1,
      lobbies: 1,
      games: 2,
      testGames: { turnMs: 60_000 },
      store: (home) => ClusterStore.start(home),
    });
  }, 60_000);
  afterAll(() => fleet.stop());

  /** Returns the log lines about commands that Redis refused because their keys are in different slots. */
  function crossedSlots(): string[] {
    return fleet.servers.flatMap((server) => server.log().filter((line) => /CROSSSLOT|same slot|same node/i.test(line)));
  }

  it('lets players log in, create, find and list rooms, be matched, and play', async () => {
    const [ada, bob, eve] = await Promise.all(['Ada', 'Bob', 'Eve'].map((name) => fleet.newPlayer(name)));
    const room = await ada.createRoom<TicTacToe>({ game: 'tic-tac-toe', name: 'Over three' });
    expect((await bob.rooms()).map(({ id }) => id)).toContain(room.id);
    const joined = await bob.joinRoom<TicTacToe>(room.id);
    await joined.ready();
    await room.start();
    await Promise.all([room, joined].map((one) => one.waitFor(({ state }) => !!state, { timeoutMs: 10_000 })));
    await room.send('place', { cell: 4 });
    const watched = await eve.watchRoom<TicTacToe>(room.id);
    await watched.waitFor(({ state }) => state?.cells[4] === 0, { timeoutMs: 5_000 });
    await watched.leave();
    for (const one of [room, joined]) await one.leave();
    const matched = await Promise.all([ada, bob].map((player) => player.quickMatch<TicTacToe>('tic-tac-toe')));
    expect(matched[0].id).toBe(matched[1].id);
    await Promise.all(matched.map((one) => one.waitFor(({ state }) => !!state, { timeoutMs: 10_000 })));
    await matched[0].send('place', { cell: 0 }).catch(() => matched[1].send('place', { cell: 0 }));
    for (const one of matched) await one.leave();
    expect(crossedSlots()).toEqual([]);
  }, 40_000);

  it('continues its games when a game server is killed or drained', async () => {
    const games = await LedgerGame.many(fleet, 6);
    await Promise.all(games.map((game) => game.goesOn()));
    const killed = await fleet.ownerOf(games[0].rooms[0]);
    killed.kill();
    await killed.exited;
    await Promise.all(games.map((game) => game.goesOn()));
    await fleet.restart(killed);
    await fleet.whole();

    const drained = await fleet.ownerOf(games[0].rooms[0]);
    drained.kill('SIGTERM');
    await drained.exited;
    expect(drained.logged('server.drained')).toMatchObject([{ left: 0 }]);
    await Promise.all(games.map((game) => game.goesOn()));
    await Promise.all(games.map((game) => game.settled()));
    await Promise.all(games.map((game) => game.leave()));
    await until(async () => (await fleet.store.client.zcard(redisName('rooms'))) === 0, 10_000);
    expect(crossedSlots()).toEqual([]);
  }, 40_000);
});
