import type { TicTacToe } from '#games/tic-tac-toe';
import { type Fleet, startFleet, until } from './harness/index.js';

describe('a running fleet', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet({ gateways: 2, lobbies: 2, games: 2 });
  }, 60_000);
  afterAll(() => fleet.stop());

  /** Sums one metric over all servers and all of its labels. */
  async function sum(name: string): Promise<number> {
    const pages = await Promise.all(fleet.servers.map((server) => server.ops('/metrics')));
    return pages
      .flatMap(({ text }) => text.split('\n').filter((line) => line.startsWith(name)))
      .reduce((all, line) => all + Number(line.split(' ').at(-1)), 0);
  }

  it('answers /livez, /readyz and /metrics on each server', async () => {
    for (const server of fleet.servers) {
      expect((await server.ops('/livez')).status).toBe(200);
      expect((await server.ops('/readyz')).status).toBe(200);
      const { status, text } = await server.ops('/metrics');
      expect(status).toBe(200);
      expect(text).toMatch(new RegExp(`^holdfast_event_loop_lag_seconds\\{[^}]*server="${server.id}"`, 'm'));
      // In the text format of metrics, each line is a comment or a sample.
      for (const line of text.split('\n').filter((line) => line !== ''))
        expect(line).toMatch(/^(# (HELP|TYPE) \S+ .*|[a-z_]\w*(\{.*\})? [-+\d.eInfNa]+)$/i);
    }
  });

  it('counts its connections, sessions, rooms, commands and placements', async () => {
    const names = ['holdfast_connections', 'holdfast_sessions', 'holdfast_rooms{', 'holdfast_commands_total', 'holdfast_placements_total'];
    const before = await Promise.all(names.map(sum));
    const { rooms } = await fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe');
    await rooms[0].send('place', { cell: 0 });
    const after = await Promise.all(names.map(sum));
    expect(names.map((name, index) => [name, after[index] - before[index]])).toEqual([
      ['holdfast_connections', 2],
      ['holdfast_sessions', 2],
      ['holdfast_rooms{', 1],
      ['holdfast_commands_total', 1],
      ['holdfast_placements_total', 1],
    ]);
    await rooms[0].leave();
  });

  it('measures the time from each command to its acknowledgement', async () => {
    const before = await sum('holdfast_command_ack_seconds_count');
    const { rooms } = await fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe');
    await rooms[0].send('place', { cell: 0 });
    expect((await sum('holdfast_command_ack_seconds_count')) - before).toBe(1);
    await rooms[0].leave();
  });

  it('is alive but not ready while Redis is suspended', async () => {
    fleet.redis.pause();
    try {
      for (const server of fleet.servers) {
        await until(async () => (await server.ops('/readyz')).status === 503, 15_000);
        expect((await server.ops('/livez')).status).toBe(200);
      }
    } finally {
      fleet.redis.resume();
    }
    for (const server of fleet.servers) await until(async () => (await server.ops('/readyz')).status === 200, 15_000);
    await fleet.whole();
    await (await fleet.twoPlayersInAGame('tic-tac-toe')).rooms[0].leave();
  }, 60_000);

  it('writes each log line as one JSON object', () => {
    for (const server of fleet.servers) {
      expect(server.logged('server.ready')).toHaveLength(1);
      for (const line of server.log()) expect(JSON.parse(line)).toMatchObject({ level: expect.any(String), event: expect.any(String) });
    }
  });

  it('keeps the link secret out of the log', () => {
    const all = fleet.servers.flatMap((server) => server.log()).join('\n');
    expect(all).not.toContain(fleet.linkSecret);
  });

  describe('on SIGTERM', () => {
    it('stops a lobby with exit code 0 after the lobby has sent all answers', async () => {
      const players = await Promise.all(Array.from({ length: 6 }, (_, index) => fleet.newPlayer(`P${index}`)));
      const [leaving] = fleet.lobbies;
      const asking = players.map((player) => askUntilItHasGone(player, leaving.exited));
      leaving.kill('SIGTERM');
      expect(await leaving.exited).toEqual({ code: 0, signal: null });
      const outcomes = (await Promise.all(asking)).flat();
      expect(outcomes.length).toBeGreaterThan(players.length);
      expect(outcomes.filter((outcome) => outcome !== 'answered')).toEqual([]);
      expect(await fleet.redis.client.exists(leaving.id)).toBe(0);
      await fleet.restart(leaving);
      await fleet.whole();
    }, 30_000);

    it('stops a gateway with exit code 0, and loses no answer', async () => {
      const [leaving, other] = fleet.gateways;
      const { rooms, players } = await fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe', [{ gateway: leaving }, { gateway: other }]);
      const asking = askUntilItHasGone(players[0], leaving.exited);
      leaving.kill('SIGTERM');
      await rooms[0].send('place', { cell: 0 });
      expect(await leaving.exited).toEqual({ code: 0, signal: null });
      for (const outcome of await asking) expect(['answered', 'told to ask again']).toContain(outcome);
      await until(() => players[0].status === 'open');
      await rooms[1].waitFor(({ state }) => state?.cells[0] === 0, { timeoutMs: 5_000 });
      await rooms[1].send('place', { cell: 1 });
      await rooms[0].waitFor(({ state }) => state?.cells[1] === 1, { timeoutMs: 5_000 });
      await fleet.restart(leaving);
      await fleet.whole();
      await rooms[0].leave();
    }, 30_000);

    it('stops a game server with exit code 0 after its games have moved to another server', async () => {
      const games = await Promise.all(Array.from({ length: 6 }, () => fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe')));
      const [leaving] = fleet.games;
      const asking = games.map(({ players }) => askUntilItHasGone(players[0], leaving.exited));
      leaving.kill('SIGTERM');
      await Promise.all(games.map(({ rooms }) => rooms[0].send('place', { cell: 0 })));
      expect(await leaving.exited).toEqual({ code: 0, signal: null });
      expect((await Promise.all(asking)).flat().filter((outcome) => outcome !== 'answered')).toEqual([]);
      for (const { rooms } of games) {
        await rooms[1].waitFor(({ state }) => state?.cells[0] === 0, { timeoutMs: 10_000 });
        await rooms[1].send('place', { cell: 1 });
        expect(await fleet.ownerOf(rooms[0])).not.toBe(leaving);
      }
      await fleet.restart(leaving);
      await fleet.whole();
    }, 40_000);
  });
});

/** Sends requests one after another until shortly after the server has exited. Returns the outcome of each request. */
async function askUntilItHasGone(player: { rooms(): Promise<unknown> }, exited: Promise<unknown>): Promise<string[]> {
  const outcomes: string[] = [];
  let hasGone = false;
  void exited.then(() => {
    hasGone = true;
  });
  for (let after = 0; after < 3; after += hasGone ? 1 : 0) {
    outcomes.push(
      await player.rooms().then(
        () => 'answered',
        (error: { retry?: boolean; code?: string }) => (error.retry ? 'told to ask again' : `refused: ${error.code}`),
      ),
    );
    // Waits, because a request for the list of rooms counts as ten messages, and a connection may send only a hundred messages per second.
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  return outcomes;
}
