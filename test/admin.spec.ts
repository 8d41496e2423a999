import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Chess } from '#games/chess';
import type { RoomDetail, RoomsAnswer, SeriesAnswer, ServerDetail, ServerView } from '#libs/admin';
import type { PublishedOperatorEvent } from '#libs/fleet';
import { shortId as shortIdOf } from '../tools/fleet/src/tables.js';
import { ADMIN_TOKEN, EventStream, type Fleet, startFleet, until } from './harness/index.js';

const run = promisify(execFile);

describe('an operator of a fleet', () => {
  let fleet: Fleet;
  let stream: EventStream;

  beforeAll(async () => {
    fleet = await startFleet({ gateways: 2, games: 2 });
    stream = await EventStream.of(fleet.gateways[0]);
    await until(async () => (await admin<{ servers: ServerView[] }>('GET', '/api/servers')).servers.length === 5);
  }, 60_000);
  afterAll(async () => {
    stream.close();
    await fleet.stop();
  });

  /**
   * Calls the admin API and returns the answer. Throws on an error status. By default it calls the second gateway. The tests read the event
   * stream of the first gateway, so they also show that the first gateway publishes the events of the second gateway.
   */
  async function admin<Answer>(method: string, path: string, gateway = 1): Promise<Answer> {
    const response = await fetch(`${fleet.gateways[gateway].opsUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    const body = await response.json();
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(body)}`);
    return body as Answer;
  }

  /** Runs `npm run fleet` as a process against this fleet and returns its output. */
  async function cli(...words: string[]): Promise<string> {
    const program = "import('./dist/tools/fleet/src/main.js').then(async ({ main }) => process.exit(await main(process.argv.slice(1))))";
    const argv = ['-e', program, '--', '--url', fleet.gateways[0].opsUrl, '--token', ADMIN_TOKEN, ...words];
    return (await run(process.execPath, argv)).stdout;
  }

  const shortId = ({ id }: { id: string }): string => shortIdOf(id);
  const told = (kind: PublishedOperatorEvent['kind'], about: string): PublishedOperatorEvent | undefined => stream.told(kind, about)[0];

  it('migrates a running game without changing its state', async () => {
    const { rooms } = await fleet.twoPlayersInAGame<Chess>('chess');
    await rooms[0].send('move', { san: 'e4' });
    const [from, room] = [await fleet.ownerOf(rooms[0]), rooms[0].id];
    const history = await admin<{ changes: { version: number }[] }>('GET', `/api/rooms/${room}/history`);
    expect(history.changes.at(-1)?.version).toBeGreaterThan(0);

    const detail = await admin<RoomDetail>('GET', `/api/rooms/${room}`);
    expect(detail.connections.map(({ gateway }) => gateway).sort()).toEqual(fleet.gateways.map(({ id }) => id).sort());
    expect(detail).toMatchObject({ ownerless: false, log: { to: history.changes.at(-1)!.version } });
    const replayed = await admin<{ state: { moves: string[] } }>('GET', `/api/rooms/${room}/replay`);
    expect(replayed.state.moves).toEqual(['e4']);
    const first = await admin<{ state: { moves: string[] } }>('GET', `/api/rooms/${room}/replay?version=${detail.log!.from}`);
    expect(first.state.moves).toEqual([]);

    const moved = await admin<{ from: string; to: string }>('POST', `/api/rooms/${room}/migrate`);
    expect(moved.from).toBe(from.id);
    expect((await fleet.ownerOf(rooms[0])).id).toBe(moved.to);
    expect(moved.to).not.toBe(from.id);
    await rooms[1].send('move', { san: 'e5' });
    await rooms[0].waitFor(({ state }) => state?.moves.length === 2, { timeoutMs: 5_000 });
    const event = await until(() => told('room.moved', room));
    expect(event).toMatchObject({ server: moved.to, reason: 'operator', by: from.id, detail: { from: from.id } });

    expect(await cli('room', room)).toContain(`${shortIdOf(moved.to)}, epoch`);
    await expect(cli('end', room, '--round', '7')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('The room plays game 0 now'),
    });
    expect(await cli('end', room, '--note', 'enough')).toBe(`The game in room ${room} has ended.\n`);
    await rooms[0].waitFor(({ result }) => result?.reason === 'operator', { timeoutMs: 5_000 });
    expect(await until(() => told('room.ended', room))).toMatchObject({ reason: 'operator' });
  }, 30_000);

  it('sees the process, the checker and the links of a server', async () => {
    const [game] = fleet.games;
    const server = await until(async () => {
      const found = await admin<ServerDetail>('GET', `/api/servers/${game.id}`);
      return found.memoryBytes !== null && (found.live?.links.length ?? 0) >= 3 ? found : null;
    });
    expect(server.live).toMatchObject({ pid: game.pid, node: process.version, storeAvailable: true });
    expect(fleet.gateways.map(({ id }) => id)).toContain(server.health.checker);
    expect(server.health).toMatchObject({ votes: [], unreachedBy: [] });
    expect(server.live?.links.map((link) => link.server)).toEqual(expect.arrayContaining(fleet.gateways.map(({ id }) => id)));
  }, 20_000);

  it('finds and kicks a player on the command line, and sees the kick in the audit log', async () => {
    const player = await fleet.newPlayer('Zoe');
    const { user } = player;
    expect(await cli('players', 'zoe')).toMatch(new RegExp(`${user} +Zoe +gateway:\\S+ +websocket 127.0.0.1`));
    expect(await cli('kick', user, '--note', 'rude')).toBe(`${user} is kicked.\n`);
    await until(() => player.status === 'closed');
    expect(await cli('audit', '--target', user)).toMatch(/operator +player\.kick +\S+ +done +\{"user":"\S+","kicked":true\} +rude/);
    expect(await cli('ban', user, '--for', '10m')).toContain(`${user} is banned until `);
    expect(JSON.parse(await cli('--json', 'bans', user))).toMatchObject({ sanctions: [{ user, by: 'operator' }], total: 1 });
    expect(await cli('unban', user)).toBe(`${user} is no longer banned.\n`);
    await expect(cli('ban', user, '--for', 'ever')).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('such as 30m') });
  }, 20_000);

  it('sees no incident while all servers live', async () => {
    expect(await cli('incidents')).toBe('There was no incident within a day.\n');
  });

  it('gets the allowed values when the kind or severity in a `watch` command does not exist', async () => {
    await expect(cli('watch', '--severity', 'high')).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('critical') });
    await expect(cli('watch', '--kind', 'servers')).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('server.evicted') });
  });

  it('cordons a server, which then gets no new games until the operator uncordons the server', async () => {
    const [closed, other] = fleet.games;
    expect(await cli('cordon', shortId(closed))).toBe(`${shortId(closed)} gets no new rooms.\n`);
    const games = await Promise.all(Array.from({ length: 4 }, () => fleet.twoPlayersInAGame<Chess>('chess')));
    for (const { rooms } of games) expect(await fleet.ownerOf(rooms[0])).toBe(other);
    expect(await cli('list')).toMatch(new RegExp(`${shortId(closed)} +ready, cordoned`));
    expect(await cli('uncordon', shortId(closed))).toBe(`${shortId(closed)} gets new rooms again.\n`);
    const { rooms } = await fleet.twoPlayersInAGame<Chess>('chess');
    expect(await fleet.ownerOf(rooms[0])).toBe(closed);
    const { rooms: listed } = JSON.parse(await cli('--json', 'rooms', '--status', 'playing', '--server', shortId(other))) as RoomsAnswer;
    expect(listed).toHaveLength(4);
  }, 40_000);

  it("evicts a server, and the server's game continues on another server", async () => {
    const { rooms } = await fleet.twoPlayersInAGame<Chess>('chess');
    await rooms[0].send('move', { san: 'd4' });
    const owner = await fleet.ownerOf(rooms[0]);
    const before = await admin<ServerView>('GET', `/api/servers/${owner.id}`);
    expect(await cli('evict', shortId(owner))).toContain('is evicted');
    await rooms[1].send('move', { san: 'd5' });
    await rooms[0].waitFor(({ state }) => state?.moves.length === 2, { timeoutMs: 10_000 });
    const now = await until(async () => {
      const server = await admin<ServerView>('GET', `/api/servers/${owner.id}`);
      return server.incarnation > before.incarnation && server.state === 'ready' ? server : null;
    }, 10_000);
    expect(now.deadReason).toBeNull();
    expect(await until(() => told('server.evicted', owner.id))).toMatchObject({ reason: 'operator' });
    expect(await until(() => told('room.recovered', rooms[0].id))).toMatchObject({ reason: 'server-lost', detail: { from: owner.id } });
  }, 40_000);

  it("drains a server, and the server's games continue on other servers", async () => {
    const played = await Promise.all(Array.from({ length: 3 }, () => fleet.twoPlayersInAGame<Chess>('chess')));
    const drained = await fleet.ownerOf(played[0].rooms[0]);
    expect(await cli('drain', shortId(drained))).toMatch(new RegExp(`^${shortId(drained)} is drained: \\d+ rooms migrated\\.\n$`));
    for (const { rooms } of played) {
      expect(await fleet.ownerOf(rooms[0])).not.toBe(drained);
      await rooms[0].send('move', { san: 'c4' });
    }
    expect(await admin('GET', `/api/servers/${drained.id}`)).toMatchObject({ cordoned: true, willing: false });
    expect(await until(() => told('server.drained', drained.id))).toMatchObject({ reason: 'operator', detail: { left: 0 } });

    expect(await cli('uncordon', shortId(drained))).toBe(`${shortId(drained)} gets new rooms again.\n`);
    // Until the next report of the drained server, placement still counts the rooms that have moved away.
    await until(async () => {
      const { rooms } = await fleet.twoPlayersInAGame<Chess>('chess');
      return (await fleet.ownerOf(rooms[0])) === drained;
    });
  }, 40_000);

  it('gets the numbers of games, sessions and servers over the last minutes', async () => {
    const series = await until(async () => {
      const answer = await admin<SeriesAnswer>('GET', '/api/series?minutes=5&step=10');
      const last = answer.fleet.games.findLastIndex((games) => games !== null && games > 0);
      return last === -1 ? null : { answer, last };
    }, 30_000);
    const { answer, last } = series;
    expect(answer.fleet.gameServers[last]).toBe(2);
    expect(answer.fleet.sessions[last]).toBeGreaterThanOrEqual(2);
    expect(answer.servers.map(({ id }) => id)).toEqual(expect.arrayContaining(fleet.games.map(({ id }) => id)));
    expect(answer.at).toHaveLength(answer.fleet.games.length);
  }, 40_000);

  it('gets the exit code 1 for a wrong token or address, and 2 for an unknown command', async () => {
    const wrong = await cli('--token', 'not the token of this fleet', 'list').catch((error) => error);
    expect({ code: wrong.code, said: wrong.stderr }).toEqual({ code: 1, said: expect.stringContaining('does not accept this token') });
    const nowhere = await cli('--url', 'http://127.0.0.1:1', 'list').catch((error) => error);
    expect({ code: nowhere.code, said: nowhere.stderr }).toEqual({ code: 1, said: expect.stringContaining('No fleet answers') });
    const typo = await cli('lsit').catch((error) => error);
    expect(typo.code).toBe(2);
  }, 20_000);
});
