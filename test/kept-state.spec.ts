import type { TicTacToe } from '#games/tic-tac-toe';
import type { PublishedOperatorEvent } from '#libs/fleet';
import type { GameRoom, GameRules } from '#libs/game-kit';
import { redisName } from '#libs/redis';
import { ADMIN_TOKEN, EventStream, type Fleet, type FleetServer, RawPlayer, startFleet, until } from './harness/index.js';

interface State {
  count: number;
  odd: unknown;
}

interface Odd extends GameRules<State> {
  count(room: GameRoom<State>): void;
  put(room: GameRoom<State>, data: { what: string }): void;
  wind(room: GameRoom<State>): void;
}

type Line = { event?: string; roomId?: string; error?: string; reason?: string; [field: string]: unknown };

describe('a fleet with games whose data cannot be stored, read or shown', () => {
  let fleet: Fleet;
  let stream: EventStream;
  beforeAll(async () => {
    fleet = await startFleet({ gateways: 1, lobbies: 1, games: 2, testGames: { turnMs: 60_000 } });
    stream = await EventStream.of(fleet.gateways[0]);
  }, 60_000);
  afterAll(async () => {
    stream.close();
    await fleet.stop();
  });

  const kill = async (server: FleetServer): Promise<void> => {
    server.kill();
    await server.exited;
  };
  const wholeAgain = async (): Promise<void> => {
    for (const server of fleet.games.filter(({ exit }) => exit)) await fleet.restart(server);
    await fleet.whole();
  };
  const lines = async (event: string, room: string): Promise<Line[]> =>
    (await fleet.logs())
      .split('\n')
      .filter((line) => line.includes(`"${event}"`) && line.includes(room))
      .map((line) => JSON.parse(line) as Line);
  const told = (kind: PublishedOperatorEvent['kind'], room: string): PublishedOperatorEvent[] => stream.told(kind, room);
  const end = (room: string): Promise<Response> =>
    fetch(`${fleet.gateways[0].opsUrl}/api/rooms/${room}/end`, { method: 'POST', headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });

  it.each([
    ['a Date', 'state.odd.here[0] is a Date'],
    ['a Map', 'state.odd.here[0] is a Map'],
    ['a cut emoji', 'state.odd.here[0] is a string with half of a surrogate pair'],
    ['a key __proto__', 'state.odd.here[0] has a key __proto__'],
  ])(
    'refuses a command that puts %s into the state',
    async (what, flaw) => {
      const { rooms, players } = await fleet.twoPlayersInAGame<Odd>('odd');
      const statuses: string[] = [];
      for (const player of players) player.on('status', (status) => statuses.push(status));
      await rooms[0].send('count');
      await expect(rooms[0].send('put', { what })).rejects.toMatchObject({ code: 'game-failed' });
      await rooms[1].send('count');
      for (const room of rooms) {
        await room.waitFor(({ state }) => state?.count === 2, { timeoutMs: 5_000 });
        expect(room.state).toEqual({ count: 2, odd: null });
      }
      const failed = await lines('game.failed', rooms[0].id);
      expect(failed).toHaveLength(1);
      expect(failed[0].error).toMatchObject({ message: expect.stringContaining(flaw) });

      await kill(await fleet.ownerOf(rooms[0]));
      await rooms[0].send('count');
      for (const room of rooms) await room.waitFor(({ state }) => state?.count === 3, { timeoutMs: 10_000 });
      // The players must have stayed connected all the time.
      expect(statuses).toEqual([]);
      await rooms[0].leave();
      await wholeAgain();
    },
    60_000,
  );

  it('ends a game whose timer puts a Date into the state', async () => {
    const { rooms } = await fleet.twoPlayersInAGame<Odd>('odd');
    await rooms[0].send('wind');
    for (const room of rooms) await room.waitFor(({ result }) => result?.reason === 'game-failed', { timeoutMs: 5_000 });
    expect((await lines('game.failed', rooms[0].id))[0].error).toMatchObject({ message: expect.stringContaining('state.odd is a Date') });
  }, 20_000);

  it.each<[string, (room: string) => Promise<unknown>]>([
    ['an unreadable checkpoint', (room) => fleet.redis.client.set(redisName(`room:{${room}}:checkpoint`), 'neither one thing nor another')],
    ['an unreadable log', (room) => fleet.redis.client.lset(redisName(`room:{${room}}:log`), -1, Buffer.from([0xc1, 0xa3]))],
    ['a missing checkpoint', (room) => fleet.redis.client.del(redisName(`room:{${room}}:checkpoint`))],
  ])(
    'ends the game of a room with %s, and lets the players enter other rooms',
    async (_what, corrupt) => {
      const [odd, fine] = await Promise.all([
        fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe'),
        fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe'),
      ]);
      for (const { rooms } of [odd, fine]) await rooms[0].send('place', { cell: 4 });
      const room = odd.rooms[0].id;
      await corrupt(room);
      for (const server of new Set([await fleet.ownerOf(odd.rooms[0]), await fleet.ownerOf(fine.rooms[0])])) {
        // The test kills one server at a time, so that another server can always adopt the rooms.
        await kill(server);
        await until(async () => (await fleet.redis.client.hget(redisName(`room:{${fine.rooms[0].id}}`), 'owner')) !== server.id, 10_000);
        await wholeAgain();
      }
      for (const mine of odd.rooms) await mine.waitFor(({ result }) => result?.reason === 'unreadable', { timeoutMs: 10_000 });
      await fine.rooms[1].send('place', { cell: 0 });
      await until(() => told('room.given-up', room).length > 0, 5_000);
      expect(told('room.given-up', room)).toMatchObject([{ reason: 'unreadable' }]);
      expect(await lines('room.given-up', room)).toMatchObject([
        { reason: 'unreadable', error: { name: 'Error', message: expect.any(String) } },
      ]);
      expect(
        await fleet.redis.client.exists(redisName(`room:{${room}}:kept:log`), redisName(`room:{${room}}:kept:checkpoint`)),
      ).toBeGreaterThan(0);
      expect(await fleet.redis.client.exists(redisName(`room:{${room}}:log`), redisName(`room:{${room}}:checkpoint`))).toBe(0);
      await odd.rooms[0].leave();
      const next = await odd.players[0].createRoom({ game: 'tic-tac-toe', private: true });
      await Promise.all([next.leave(), fine.rooms[0].leave()]);
    },
    60_000,
  );

  it('logs once that a session repeatedly requests the whole state', async () => {
    const { rooms, players } = await fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe');
    const owner = await fleet.ownerOf(rooms[0]);
    let { session, secret } = players[1].credentials;
    players[1].detach();
    for (let time = 0; time < 9; time++) {
      const player = await RawPlayer.connect(fleet.gateways[0], 'binary');
      player.say({ kind: 'hello', protocol: 1, session, secret });
      ({ session, secret } = await player.hears('welcome'));
      await player.hears('sync', ({ state }) => state !== undefined);
      player.close();
      await until(() => player.isClosed);
    }
    expect(await lines('resync.repeated', rooms[0].id)).toMatchObject([{ session, seat: 1, game: 'tic-tac-toe' }]);
    const metrics = await (await fetch(`${owner.opsUrl}/metrics`)).text();
    expect(Number(/^holdfast_resyncs_total\{[^}]*\} (\d+)/m.exec(metrics)?.[1])).toBeGreaterThanOrEqual(8);
    await rooms[0].leave();
  }, 30_000);

  it('lets an operator end a game whose room has no owner', async () => {
    const { rooms, players } = await fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe');
    await Promise.all(fleet.games.map(kill));
    await rooms[0].waitFor(({ status }) => status === 'paused', { timeoutMs: 10_000 });
    expect((await end(rooms[0].id)).status).toBe(200);
    for (const room of rooms) await room.waitFor(({ result }) => result?.reason === 'operator', { timeoutMs: 5_000 });
    await rooms[0].leave();
    expect((await end(rooms[0].id)).status).toBe(409);
    await wholeAgain();
    await (await players[0].createRoom({ game: 'tic-tac-toe', private: true })).leave();
    // The room still waits for its next game, so no server has adopted it after its game was ended.
    expect(await fleet.redis.client.hget(redisName(`room:{${rooms[0].id}}`), 'status')).toBe('waiting');
  }, 60_000);
});
