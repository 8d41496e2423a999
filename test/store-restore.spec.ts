import type { TicTacToe } from '#games/tic-tac-toe';
import { type Fleet, startFleet } from './harness/index.js';

const TIMEOUT = { timeoutMs: 15_000 };

describe('a fleet whose Redis is restored from a backup as documented', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet({ games: 2, redis: { appendonly: true } });
  }, 60_000);
  afterAll(() => fleet.stop());

  it('continues its games from the backup with the same players', async () => {
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
