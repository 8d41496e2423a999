import type { Chess } from '#games/chess';
import type { TicTacToe } from '#games/tic-tac-toe';
import type { Room } from '#libs/client';
import { redisName } from '#libs/redis';
import { type Fleet, type FleetServer, type Game, startFleet, until } from './harness/index.js';

const SECOND = 1_000;

describe('a fleet of seven servers', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet({ gateways: 2, lobbies: 2, games: 3, testGames: { turnMs: 60_000 } });
  }, 60_000);
  afterAll(() => fleet.stop());

  describe('without one of its game servers', () => {
    it('continues each game of the lost server within a second and without the loss of a move', async () => {
      const games = await Promise.all(Array.from({ length: 9 }, () => fleet.twoPlayersInAGame<Chess>('chess')));
      for (const { rooms } of games) await play(rooms, ['e4', 'e5', 'Nf3']);
      const owners = await Promise.all(games.map(({ rooms }) => fleet.ownerOf(rooms[0])));
      const [killed] = owners;
      const pauses = games.map(({ rooms }) => rooms.map(watchPauses));

      killed.kill();
      await killed.exited;
      const lost = games.filter((_, index) => owners[index] === killed);
      expect(lost.length).toBeGreaterThan(1);
      await Promise.all(lost.map(({ rooms }) => play(rooms, ['Nc6'])));
      await Promise.all(games.map(({ rooms }, index) => play(rooms, owners[index] === killed ? ['Bb5'] : ['Nc6', 'Bb5'])));

      for (const [index, { rooms }] of games.entries()) {
        for (const room of rooms) {
          await room.waitFor(({ state }) => state?.moves.length === 5, { timeoutMs: 5_000 });
          expect(room.state?.moves).toEqual(['e4', 'e5', 'Nf3', 'Nc6', 'Bb5']);
        }
        for (const seen of pauses[index]) {
          if (owners[index] !== killed) expect(seen.reasons).toEqual([]);
          else {
            expect(seen.reasons).toEqual(['server-lost']);
            expect(seen.longestMs).toBeLessThan(SECOND);
          }
        }
      }
      expect(await Promise.all(lost.map(({ rooms }) => fleet.ownerOf(rooms[0])))).not.toContain(killed);
      await Promise.all(games.map(finish));
    }, 40_000);

    it('ends a lost game of durability `none`, and its players can start another game', async () => {
      const { rooms } = await fleet.twoPlayersInAGame<{ tap(room: unknown): void }>('fleeting');
      const owner = await fleet.ownerOf(rooms[0]);
      const killedAt = performance.now();
      owner.kill();
      await Promise.all(rooms.map((room) => room.waitFor(({ result }) => result?.reason === 'server-lost', { timeoutMs: 5_000 })));
      await Promise.all(rooms.map((room) => room.waitFor(({ view }) => view.status === 'waiting', { timeoutMs: 5_000 })));
      expect(performance.now() - killedAt).toBeLessThan(SECOND);
      await rooms[1].ready();
      await rooms[0].start();
      await Promise.all(rooms.map((room) => room.waitFor(({ status, state }) => status === 'playing' && !!state, { timeoutMs: 5_000 })));
      await rooms[1].leave();
    }, 20_000);

    it('places games on a restarted server without a restart of other servers', async () => {
      for (const server of fleet.games.filter(({ exit }) => exit)) await fleet.restart(server);
      await fleet.whole();
      const games = await Promise.all(Array.from({ length: 6 }, () => fleet.twoPlayersInAGame('tic-tac-toe')));
      const owners = await Promise.all(games.map(({ rooms }) => fleet.ownerOf(rooms[0])));
      expect(new Set(owners)).toEqual(new Set(fleet.games));
      await Promise.all(games.map(finish));
    }, 30_000);
  });

  describe('without one of its lobbies', () => {
    it('answers requests about rooms through its other lobby', async () => {
      const players = await Promise.all(Array.from({ length: 8 }, (_, index) => fleet.newPlayer(`P${index}`)));
      const rooms = await Promise.all(players.slice(0, 4).map((player) => player.createRoom({ game: 'tic-tac-toe' })));
      const going = await fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe');
      const pauses = going.rooms.map(watchPauses);

      const [killed] = fleet.lobbies;
      killed.kill();
      await killed.exited;
      // While the lobby is lost, each request is answered or refused with `retry`.
      const asked = await Promise.allSettled(players.map((player) => player.me()));
      for (const outcome of asked) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ retry: true });

      const joined = await Promise.all(players.slice(4).map((player, index) => again(() => player.joinRoom(rooms[index].id))));
      await Promise.all(joined.map((room) => room.ready()));
      await Promise.all(rooms.map((room) => room.start()));
      await Promise.all(joined.map((room) => room.waitFor(({ status }) => status === 'playing', { timeoutMs: 5_000 })));
      expect((await players[0].rooms()).map(({ id }) => id)).toEqual(expect.arrayContaining(rooms.map(({ id }) => id)));
      await going.rooms[0].send('place', { cell: 4 });
      expect(pauses.map(({ reasons }) => reasons)).toEqual([[], []]);
      await evicted(fleet, killed);

      await fleet.restart(killed);
      await fleet.whole();
      await Promise.all(rooms.map((room) => room.leave()));
      await finish(going);
    }, 40_000);

    it('answers each pending request, or refuses the request with `retry`', async () => {
      const players = await Promise.all(Array.from({ length: 8 }, (_, index) => fleet.newPlayer(`P${index}`)));
      // Gives each player a lobby: the gateway sends all requests of a player to the lobby that answered the player's first request.
      await Promise.all(players.map((player) => player.me()));
      const [killed] = fleet.lobbies;
      killed.kill('SIGSTOP');
      const looking = players.map((player) => player.me());
      const creating = await Promise.all(
        players.map(async (player) => {
          const created = player.createRoom({ game: 'tic-tac-toe' }).catch((error: unknown) => error as { code: string; retry: boolean });
          return { player, created };
        }),
      );
      killed.kill();
      for (const me of await Promise.all(looking)) expect(me.room).toBeNull();
      const outcomes = await Promise.all(creating.map(({ created }) => created));
      const refusals = outcomes.flatMap((outcome) => ('code' in outcome ? [outcome] : []));
      expect(refusals.length).toBeGreaterThan(0);
      expect(refusals.length).toBeLessThan(players.length);
      for (const refusal of refusals) expect(refusal).toMatchObject({ code: 'server-lost', retry: true });
      for (const { player } of creating) await (player.room ?? (await again(() => player.createRoom({ game: 'tic-tac-toe' })))).leave();
      await fleet.restart(killed);
      await fleet.whole();
    }, 40_000);
  });

  describe('without one of its gateways', () => {
    it('reconnects players through its other gateway, and loses no move', async () => {
      const [killed, other] = fleet.gateways;
      const games = await Promise.all(
        Array.from({ length: 5 }, () =>
          fleet.twoPlayersInAGame<Chess>('chess', [{ gateway: killed }, { gateway: other, encoding: 'json' }]),
        ),
      );
      for (const { rooms } of games) await play(rooms, ['e4', 'e5']);
      const pauses = games.map(({ rooms }) => watchPauses(rooms[0]));
      // The following moves are in flight when the gateway dies.
      const inFlight = games.map(({ rooms }) => rooms[0].send('move', { san: 'Nf3' }));
      killed.kill();
      await Promise.all(inFlight);
      await Promise.all(games.map(({ rooms }) => play(rooms, ['Nc6', 'Bb5'])));
      for (const { rooms, players } of games) {
        for (const room of rooms) await room.waitFor(({ state }) => state?.moves.length === 5, { timeoutMs: 5_000 });
        expect(rooms.map(({ state }) => state?.moves)).toEqual([
          ['e4', 'e5', 'Nf3', 'Nc6', 'Bb5'],
          ['e4', 'e5', 'Nf3', 'Nc6', 'Bb5'],
        ]);
        expect(players[0].status).toBe('open');
      }
      for (const seen of pauses) expect(seen.longestMs).toBeLessThan(2 * SECOND);
      await evicted(fleet, killed);
      await Promise.all(games.map(finish));
      await fleet.restart(killed);
      await fleet.whole();
      const anew = await fleet.twoPlayersInAGame('tic-tac-toe', [{ gateway: fleet.gateways[0] }, { gateway: fleet.gateways[1] }]);
      await finish(anew);
    }, 40_000);
  });
});

describe('a fleet with one gateway and one lobby', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet({ gateways: 1, lobbies: 1, games: 2 });
  }, 60_000);
  afterAll(() => fleet.stop());

  it('continues the games of a killed game server within a second', async () => {
    const { rooms } = await fleet.twoPlayersInAGame<Chess>('chess');
    await play(rooms, ['e4']);
    const pauses = rooms.map(watchPauses);
    const owner = await fleet.ownerOf(rooms[0]);
    owner.kill();
    await play(rooms, ['e5']);
    await until(() => pauses.every(({ longestMs }) => longestMs > 0));
    for (const { longestMs } of pauses) expect(longestMs).toBeLessThan(SECOND);
    await fleet.restart(owner);
    await fleet.whole();
    await leaveAll(rooms);
  }, 30_000);

  it('continues games without a lobby, but refuses requests with `retry`', async () => {
    const { rooms } = await fleet.twoPlayersInAGame<Chess>('chess');
    const [lobby] = fleet.lobbies;
    lobby.kill();
    await lobby.exited;
    await play(rooms, ['e4', 'e5']);
    const visitor = await fleet.newPlayer('Visitor');
    await expect(visitor.createRoom({ game: 'chess' })).rejects.toMatchObject({ retry: true });
    await fleet.restart(lobby);
    await fleet.whole();
    await again(() => visitor.createRoom({ game: 'chess' }));
    await visitor.room?.leave();
    await leaveAll(rooms);
  }, 30_000);

  it('continues the games of players after a restart of the gateway', async () => {
    const { rooms } = await fleet.twoPlayersInAGame<Chess>('chess', [{}, { encoding: 'tcp' }]);
    await play(rooms, ['e4']);
    fleet.gateways[0].kill();
    const answered = rooms[1].send('move', { san: 'e5' });
    await fleet.restart(fleet.gateways[0]);
    await answered;
    await play(rooms, ['Nf3']);
    await rooms[1].waitFor(({ state }) => state?.moves.length === 3, { timeoutMs: 5_000 });
    expect(rooms[1].state?.moves).toEqual(['e4', 'e5', 'Nf3']);
    await leaveAll(rooms);
  }, 30_000);

  it('continues the games on restarted game servers while no gateway runs', async () => {
    const { rooms } = await fleet.twoPlayersInAGame<Chess>('chess');
    await play(rooms, ['e4', 'e5']);
    const epoch = async (): Promise<number> => Number(await fleet.redis.client.hget(redisName(`room:{${rooms[0].id}}`), 'epoch'));
    const before = await epoch();
    const servers = [...fleet.games];
    const killed = [...fleet.gateways, ...servers];
    for (const server of killed) server.kill();
    await Promise.all(killed.map(({ exited }) => exited));
    await Promise.all(servers.map((server) => fleet.restart(server)));
    // The epoch of a room grows with each new owner. So a higher epoch shows that the room has its next owner.
    await until(async () => (await epoch()) > before, 10_000);
    await fleet.restart(fleet.gateways[0]);
    await play(rooms, ['Nf3']);
    await rooms[1].waitFor(({ state }) => state?.moves.length === 3, { timeoutMs: 10_000 });
    expect(rooms[1].state?.moves).toEqual(['e4', 'e5', 'Nf3']);
    await leaveAll(rooms);
  }, 40_000);
});

/** Plays moves one after another. The player who is to move waits for the latest state before sending the move. */
async function play(rooms: readonly Room<Chess>[], moves: readonly string[]): Promise<void> {
  for (const san of moves) {
    const newest = rooms.reduce((a, b) => ((b.state?.moves.length ?? 0) > (a.state?.moves.length ?? 0) ? b : a));
    const turn = newest.state?.turn;
    const count = newest.state?.moves.length;
    const mover = rooms.find(({ seat }) => seat === (turn === 'w' ? 0 : 1)) as Room<Chess>;
    await mover.waitFor(({ state }) => state?.moves.length === count, { timeoutMs: 10_000 });
    await mover.send('move', { san });
  }
}

interface Pauses {
  readonly reasons: string[];
  longestMs: number;
}

function watchPauses<Rules>(room: Room<Rules>): Pauses {
  const seen: Pauses = { reasons: [], longestMs: 0 };
  let since = 0;
  room.on('pause', (reason) => {
    seen.reasons.push(reason);
    since = performance.now();
  });
  room.on('resume', () => {
    seen.longestMs = Math.max(seen.longestMs, performance.now() - since);
  });
  return seen;
}

async function finish<Rules>({ rooms }: Game<Rules>): Promise<void> {
  await leaveAll(rooms);
}

async function leaveAll<Rules>(rooms: readonly Room<Rules>[]): Promise<void> {
  for (const room of rooms) if (room.status !== 'left') await again(() => room.leave());
}

/** Repeats `act` while it fails with `retry`. */
async function again<T>(act: () => Promise<T>): Promise<T> {
  const done = await until(async () => {
    try {
      return { value: await act() };
    } catch (error) {
      if (!(error as { retry?: boolean }).retry) throw error;
      return null;
    }
  });
  return done.value;
}

async function evicted(fleet: Fleet, { id }: FleetServer): Promise<void> {
  await until(async () => (await fleet.redis.client.hget(id, 'state')) === 'dead', 3 * SECOND);
}
