import type { TicTacToe } from '#games/tic-tac-toe';
import { type Fleet, startFleet } from './harness/index.js';

/** The watchdog of a game server interrupts handlers with SIGINT. Ctrl-C also sends SIGINT, and must still drain the server. */
describe('SIGINT from another process', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet({ games: 2 });
  }, 60_000);
  afterAll(() => fleet.stop());

  it('drains a game server, so that its games continue on another server', async () => {
    const { rooms } = await fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe');
    const [first] = rooms;
    const mover = rooms.find(({ seat, state }) => seat === state?.turn) ?? first;
    await mover.send('place', { cell: 4 });
    const owner = await fleet.ownerOf(first);
    owner.kill('SIGINT');
    expect(await owner.exited).toEqual({ code: 0, signal: null });
    const next = rooms.find((room) => room !== mover) ?? first;
    await next.send('place', { cell: 0 });
    expect(next.state?.cells.filter((cell) => cell !== null)).toHaveLength(2);
    expect(await fleet.ownerOf(first)).not.toBe(owner);
  }, 30_000);

  it('stops a gateway and a lobby with exit code 0', async () => {
    for (const server of [fleet.gateways[0], fleet.lobbies[0]]) {
      server.kill('SIGINT');
      expect(await server.exited).toEqual({ code: 0, signal: null });
    }
  }, 30_000);
});
