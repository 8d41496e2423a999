import type { TicTacToe } from '#games/tic-tac-toe';
import type { Room, Session } from '#libs/client/node';
import { mainOf } from '../tools/start/launch-server.mjs';
import { TestFleet, until } from '../tools/testing/index.js';

const ENTRIES = { gateway: mainOf('gateway'), lobby: mainOf('lobby'), game: mainOf('game') };

describe('a TestFleet', () => {
  let fleet: TestFleet;
  let players: readonly [Session, Session];
  let room: Room<TicTacToe>;
  const pauses: string[] = [];

  beforeAll(async () => {
    fleet = await TestFleet.start({ gateways: 2, games: 2, entries: ENTRIES });
  }, 60_000);
  afterAll(() => fleet.stop());

  beforeEach(async () => {
    players = [await fleet.connect({ name: 'Ada' }), await fleet.connect({ name: 'Bob', transport: 'tcp' })];
    room = await players[0].createRoom<TicTacToe>({ game: 'tic-tac-toe', private: true });
    const joined = await players[1].joinRoom<TicTacToe>(room.id);
    await joined.ready();
    await room.start();
    await room.waitFor(({ status, state }) => status === 'playing' && state !== undefined, { timeoutMs: 10_000 });
    pauses.length = 0;
    room.on('pause', (reason) => pauses.push(reason));
  });

  it("restarts a killed server while the server's game continues on another server", async () => {
    const owner = await fleet.ownerOf(room);
    await fleet.kill(owner);
    await room.send('place', { cell: 4 });
    expect((await fleet.ownerOf(room)).id).not.toBe(owner.id);
    const again = await fleet.restart(`game-${owner.name}`);
    expect(again.pid).not.toBe(owner.pid);
    await fleet.whole();
  });

  it('continues a suspended server that the gateways have evicted', async () => {
    const owner = await fleet.ownerOf(room);
    await fleet.pause(owner);
    await room.send('place', { cell: 4 });
    expect((await fleet.ownerOf(room)).id).not.toBe(owner.id);
    await fleet.resume(owner);
    await fleet.whole();
  });

  it("drains a game server while the server's game continues without a pause", async () => {
    const owner = await fleet.ownerOf(room);
    expect(await fleet.drain(owner.id)).toMatchObject({ left: 0 });
    await room.send('place', { cell: 4 });
    expect((await fleet.ownerOf(room)).id).not.toBe(owner.id);
    expect(pauses).toEqual([]);
    await fleet.admin('POST', `/api/servers/${owner.id}/uncordon`);
    await fleet.whole();
  });

  it('cuts a game server off from Redis until `heal` is called', async () => {
    const owner = await fleet.ownerOf(room);
    await fleet.partition(owner, 'redis');
    await room.send('place', { cell: 4 });
    expect((await fleet.ownerOf(room)).id).not.toBe(owner.id);
    expect((await owner.ops('/readyz')).status).toBe(503);
    await fleet.heal();
    await fleet.whole();
  });

  it('cuts the links to a game server, so that its games continue on another server', async () => {
    const owner = await fleet.ownerOf(room);
    await fleet.partition(owner, 'links');
    await room.send('place', { cell: 4 });
    expect((await fleet.ownerOf(room)).id).not.toBe(owner.id);
    await fleet.heal();
    await fleet.whole();
    await expect(fleet.partition('gateway-1', 'links')).rejects.toThrow('A gateway opens its links itself');
  });

  it('stops a server with SIGTERM, as an orchestrator does', async () => {
    const added = await fleet.add('game', '9');
    await fleet.whole();
    await fleet.terminate('game-9');
    expect(added.exit).toEqual({ code: 0, signal: null });
    fleet.games.splice(fleet.games.indexOf(added), 1);
    await until(async () => (await fleet.store.client.exists(added.id)) === 0);
  });

  it('lists the names of its servers when a requested server does not exist', async () => {
    await expect(fleet.kill('game-7')).rejects.toThrow(
      'There is no server game-7. This fleet has gateway-1, gateway-2, lobby-1, game-1, game-2.',
    );
  });
});
