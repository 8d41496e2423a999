import type { TicTacToe } from '#games/tic-tac-toe';
import type { Room, Session } from '#libs/client';
import type { MatchMessage, MatchWish } from '#libs/protocol';
import { redisName } from '#libs/redis';
import { ClusterStore, type Fleet, LedgerGame, startFleet, until } from '../harness/index.js';

describe('a fleet on a Redis Cluster of three nodes', () => {
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

  it('supports logins, rooms, matches and games', async () => {
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

  it('supports offers, repeated searches, parties, backfill and ratings, even when a lobby is lost', async () => {
    const players = await Promise.all(['Ada', 'Bob', 'Cy', 'Dora'].map((name) => fleet.newPlayer(name)));
    const [ada, bob, cy, dora] = players as [Session, Session, Session, Session];
    const heard = new Map(players.map((player) => [player, [] as MatchMessage[]]));
    for (const player of players) player.on('match', (message) => heard.get(player)!.push(message));
    const find = (player: Session, wish: Omit<MatchWish, 'game'>): Promise<Room> => {
      const found = player.quickMatch('rumble', wish);
      found.catch(() => {});
      return found;
    };
    const offerOf = async (player: Session): Promise<string> => {
      const offered = () => heard.get(player)!.findLast(({ event }) => event === 'offered');
      await until(offered, 10_000);
      return (offered() as Extract<MatchMessage, { event: 'offered' }>).offer;
    };
    const leaveAll = () => Promise.all(players.map((player) => player.room?.leave()));

    // One player leaves an offer by creating a room. Both players accept the next offer.
    const kept = find(ada, { mode: 'asked-duel' });
    const left = find(bob, { mode: 'asked-duel' });
    await offerOf(ada);
    await bob.createRoom({ game: 'rumble', private: true });
    await until(() => heard.get(ada)!.some((message) => message.event === 'searching' && message.returned === true), 10_000);
    await left.catch(() => {});
    heard.get(ada)!.length = 0;
    const other = find(cy, { mode: 'asked-duel' });
    const offer = await offerOf(cy);
    for (const player of [ada, cy]) await player.acceptMatch(offer);
    expect((await kept).id).toBe((await other).id);
    await leaveAll();

    // Two parties of two players are matched.
    for (const [host, guest] of [
      [ada, bob],
      [cy, dora],
    ] as const)
      await guest.joinRoom((await host.createRoom({ game: 'rumble', private: true })).id);
    const parties = await Promise.all([ada, cy].map((host) => find(host, { mode: 'duo', party: true })));
    expect(parties[0]!.id).toBe(parties[1]!.id);
    await until(() => players.every(({ room }) => room?.id === parties[0]!.id), 10_000);
    await leaveAll();

    // A later player joins a running room by matchmaking.
    const open = await Promise.all([ada, bob].map((player) => find(player, { mode: 'open' })));
    await open[0]!.waitFor(({ status }) => status === 'playing', { timeoutMs: 10_000 });
    expect((await find(cy, { mode: 'open' })).id).toBe(open[0]!.id);
    await leaveAll();

    // The lobby dies during the search. The ticket outlives the lobby, so the players are matched, and the result of their game changes
    // their ratings.
    const first = find(ada, { mode: 'ranked' });
    await until(async () => (await ada.me()).searching === 'rumble', 10_000);
    const [lobby] = fleet.lobbies;
    lobby!.kill();
    await fleet.restart(lobby!);
    const second = await until(() => bob.quickMatch('rumble', { mode: 'ranked' }).catch(() => null), 20_000);
    expect((await first).id).toBe(second.id);
    await second.waitFor(({ status }) => status === 'playing', { timeoutMs: 10_000 });
    await second.send('win' as never);
    const { client } = fleet.store;
    await until(async () => (await client.hlen(redisName('ratings:{rumble}:mode:ranked'))) === 2, 10_000);
    await leaveAll();
    expect(crossedSlots()).toEqual([]);
  }, 90_000);

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
