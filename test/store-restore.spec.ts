import type { TicTacToe } from '#games/tic-tac-toe';
import { type Fleet, LedgerGame, startFleet, until } from './harness/index.js';

const TIMEOUT = { timeoutMs: 15_000 };

describe('a fleet whose Redis is restored from a backup as documented', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet({ games: 2, redis: { appendonly: true } });
  }, 60_000);
  afterAll(() => fleet.stop());

  it('continues its games from the backup with their players', async () => {
    const { rooms } = await fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe');
    await rooms[0].send('place', { cell: 4 });
    const backup = await fleet.redis.backup();
    await rooms[1].send('place', { cell: 0 });
    await rooms[0].waitFor(({ state }) => state?.cells[0] === 1, TIMEOUT);

    const servers = [...fleet.servers];
    for (const server of servers) server.kill();
    await Promise.all(servers.map(({ exited }) => exited));
    await fleet.redis.restore(backup);
    await Promise.all(servers.map((server) => fleet.restart(server)));
    await fleet.whole();

    for (const room of rooms) await room.waitFor(({ state }) => state?.cells[4] === 0 && state.cells[0] === null, TIMEOUT);
    await rooms[1].send('place', { cell: 8 });
    await rooms[0].waitFor(({ state }) => state?.cells[8] === 1, TIMEOUT);

    await fleet.redis.restart();
    await rooms[0].send('place', { cell: 2 });
    await rooms[1].waitFor(({ state }) => state?.cells[2] === 0 && state.cells[8] === 1, TIMEOUT);
    expect(await fleet.redis.client.exists(fleet.redisName('rooms'))).toBe(1);
  }, 90_000);
});

describe('a whole fleet that is restored from a backup taken during its games', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet({ gateways: 2, games: 2, redis: { appendonly: true }, testGames: { turnMs: 60_000 } });
  }, 60_000);
  afterAll(() => fleet.stop());

  it('has all games in the state of the backup, and ends the sessions and rooms that began later', async () => {
    const games = await LedgerGame.many(fleet, 4);
    await Promise.all(games.map((game) => game.goesOn()));
    const atBackup = games.map(({ acknowledged }) => acknowledged.map((ids) => [...ids]));
    const backup = await fleet.redis.backup();
    await Promise.all(games.map((game) => game.goesOn()));
    const late = await LedgerGame.begin(fleet);
    await late.goesOn();

    const servers = [...fleet.servers];
    for (const server of servers) server.kill();
    await Promise.all(servers.map(({ exited }) => exited));
    const atEnd = games.map(({ acknowledged }) => acknowledged.map(({ length }) => length));
    await fleet.redis.restore(backup);
    await Promise.all(servers.map((server) => fleet.restart(server)));
    await fleet.whole();

    await Promise.all(games.map((game) => game.goesOn(5, 30_000)));
    await Promise.all(games.map((game) => game.stop()));
    for (const [index, { acknowledged, rooms }] of games.entries()) {
      const [first, second] = rooms.map(({ state }) => state?.applied);
      for (const seat of [0, 1]) {
        const applied = first?.[seat] ?? [];
        // The applied commands (`note`) begin with all commands from before the backup. Commands from the time between the backup and the
        // stop are lost.
        expect(applied.slice(0, atBackup[index][seat].length)).toEqual(atBackup[index][seat]);
        expect(applied.slice(-5)).toEqual(acknowledged[seat].slice(-5));
        expect(applied.length).toBeLessThan(acknowledged[seat].length);
        expect(acknowledged[seat].length).toBeGreaterThan(atEnd[index][seat]);
        expect(new Set(applied).size).toBe(applied.length);
      }
      expect(second).toEqual(first);
    }
    for (const player of late.players) await until(() => player.status === 'closed', 15_000);
    const visitor = await fleet.newPlayer('Visitor');
    await expect(visitor.joinRoom(late.rooms[0].id)).rejects.toMatchObject({ code: 'room-unknown' });
  }, 120_000);
});
