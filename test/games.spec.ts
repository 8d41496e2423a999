import type { Chess } from '#games/chess';
import type { TicTacToe } from '#games/tic-tac-toe';
import type { GameEvent, Room } from '#libs/client';
import { type Fleet, type Game, startFleet, type Way } from './harness/index.js';

/** The length of a turn, in ms. It is short, because tests wait for its end, but long enough for a move on a busy machine. */
const TURN_MS = 3_000;
const SOON = { timeoutMs: 5_000 };

describe.each<'compact' | Way>(['compact', 'binary', 'json', 'tcp'])('a fleet whose players use %s', (encoding) => {
  let fleet: Fleet;
  const ways = [{ encoding }, { encoding }] as const;
  beforeAll(async () => {
    fleet = shared ??= await startFleet({ gateways: 2, lobbies: 1, games: 2, testGames: { turnMs: TURN_MS } });
  }, 60_000);

  it('plays tic-tac-toe to a win that both players see', async () => {
    const { rooms } = await fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe', ways);
    const events = rooms.map(collectEvents);
    await place(rooms, [0, 3, 1, 4, 2]);
    for (const [index, room] of rooms.entries()) {
      await room.waitFor(({ status }) => status === 'ended', SOON);
      expect(room.result).toEqual({ reason: 'finished', result: { winner: 0, by: 'line', line: [0, 1, 2] } });
      expect(room.state?.cells).toEqual([0, 0, 0, 1, 1, null, null, null, null]);
      expect(events[index].map(({ data }) => (data as { cell: number }).cell)).toEqual([0, 3, 1, 4, 2]);
    }
  });

  it('plays tic-tac-toe to a draw', async () => {
    const { rooms } = await fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe', ways);
    await place(rooms, [0, 1, 2, 4, 3, 5, 7, 6, 8]);
    await rooms[1].waitFor(({ status }) => status === 'ended', SOON);
    expect(rooms[1].result?.result).toEqual({ winner: null, by: 'full' });
  });

  it('ends a game of chess by mate, by resignation and by agreement', async () => {
    const mated = await fleet.twoPlayersInAGame<Chess>('chess', ways);
    await move(mated, ['f3', 'e5', 'g4', 'Qh4#']);
    await bothHear(mated, { result: '0-1', by: 'checkmate', winner: 1 });

    const resigned = await fleet.twoPlayersInAGame<Chess>('chess', ways);
    await resigned.rooms[1].send('resign');
    await bothHear(resigned, { result: '1-0', by: 'resignation', winner: 0 });

    const agreed = await fleet.twoPlayersInAGame<Chess>('chess', ways);
    await agreed.rooms[0].send('offerDraw');
    await agreed.rooms[1].waitFor(({ state }) => state?.drawOfferedBy === 0, SOON);
    await agreed.rooms[1].send('acceptDraw');
    await bothHear(agreed, { result: '1/2-1/2', by: 'agreement', winner: null });
  });

  it('rejects an invalid command with a code, and changes nothing', async () => {
    const { rooms } = await fleet.twoPlayersInAGame<Chess>('chess', ways);
    await move({ rooms }, ['e4']);
    for (const room of rooms) await room.waitFor(({ version }) => version === rooms[0].version && version > 0, SOON);
    const before = rooms.map(({ state, version }) => ({ state, version }));
    const [white, black] = rooms as readonly Room[] as readonly [Room, Room];
    const refused = (act: Promise<void>, code: string) => expect(act).rejects.toMatchObject({ code, retry: false });
    await refused(white.send('move', { san: 'd4' }), 'not-your-turn');
    await refused(black.send('move', { san: 'Ke7' }), 'illegal-move');
    await refused(black.send('move', { san: 17 }), 'bad-data');
    await refused(black.send('acceptDraw'), 'no-draw-offer');
    await refused(black.send('castle-into-the-air'), 'unknown-command');
    // The server must refuse methods of the game's class that are not commands.
    await refused(black.send('flagFell'), 'unknown-command');
    await refused(black.send('constructor'), 'unknown-command');
    expect(rooms.map(({ state, version }) => ({ state, version }))).toEqual(before);
    // The refusals changed nothing, so the next valid command leads to the next version.
    await black.send('move', { san: 'e5' });
    expect(black.version).toBe(before[1].version + 1);
    await white.leave();
  });

  it('shows spectators the state, but rejects their commands', async () => {
    const { rooms } = await fleet.twoPlayersInAGame<Chess>('chess', ways);
    await move({ rooms }, ['e4']);
    const watcher = await fleet.newPlayer('Eve', { encoding });
    const watched = await watcher.watchRoom<Chess>(rooms[0].id);
    await watched.waitFor(({ state }) => state?.moves.length === 1, SOON);
    expect(watched.seat).toBeNull();
    await expect(watched.send('resign')).rejects.toMatchObject({ code: 'spectator' });
    await move({ rooms }, ['e5', 'Nf3']);
    for (const room of [...rooms, watched]) await room.waitFor(({ state }) => state?.moves.length === 3, SOON);
    expect(watched.state).toEqual(rooms[0].state);
    expect(watched.version).toBe(rooms[0].version);
    await rooms[0].send('resign');
    await watched.waitFor(({ result }) => (result?.result as { by?: string } | undefined)?.by === 'resignation', SOON);
  });

  it('makes the opponent the winner when a player leaves', async () => {
    const { rooms } = await fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe', ways);
    await rooms[0].leave();
    await rooms[1].waitFor(({ status }) => status === 'ended', SOON);
    expect(rooms[1].result?.result).toEqual({ winner: 1, by: 'left' });
  });
});

describe('a game of tic-tac-toe in a fleet', () => {
  it('ends when both players let their turns expire', async () => {
    const { rooms } = await (shared as Fleet).twoPlayersInAGame<TicTacToe>('tic-tac-toe');
    await rooms[1].waitFor(({ state }) => state?.turn === 1, { timeoutMs: 2 * TURN_MS });
    expect(rooms[1].state).toMatchObject({ moves: 0, passes: 1 });
    await rooms[1].send('place', { cell: 4 });
    await rooms[0].waitFor(({ status }) => status === 'ended', { timeoutMs: 4 * TURN_MS });
    expect(rooms[0].result?.result).toEqual({ winner: null, by: 'timeout' });
  });
});

/** One fleet for all tests of this file. The first group of tests that needs the fleet starts it. */
let shared: Fleet | undefined;
afterAll(() => shared?.stop());

/** Lets the players mark these cells in turn, beginning with seat 0. Each player waits for the mark of the opponent first. */
async function place(rooms: readonly Room<TicTacToe>[], cells: readonly number[]): Promise<void> {
  for (const [moves, cell] of cells.entries()) {
    const room = rooms[moves % 2];
    await room.waitFor(({ state }) => state?.moves === moves, SOON);
    await room.send('place', { cell });
  }
}

async function move({ rooms }: Pick<Game<Chess>, 'rooms'>, sans: readonly string[]): Promise<void> {
  const already = Math.max(...rooms.map(({ state }) => state?.moves.length ?? 0));
  for (const [index, san] of sans.entries()) {
    const room = rooms[(already + index) % 2];
    await room.waitFor(({ state }) => state?.moves.length === already + index, SOON);
    await room.send('move', { san });
  }
}

async function bothHear({ rooms }: Game<Chess>, result: unknown): Promise<void> {
  for (const room of rooms) {
    await room.waitFor(({ status }) => status === 'ended', SOON);
    expect(room.result).toEqual({ reason: 'finished', result });
  }
}

function collectEvents<Rules>(room: Room<Rules>): GameEvent[] {
  const events: GameEvent[] = [];
  room.on('event', (event) => events.push(event));
  return events;
}
