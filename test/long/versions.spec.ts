import type { Room } from '#libs/client';
import { redisName } from '#libs/redis';
import { type Fleet, type FleetServer, type Ledger, LedgerGame, startFleet, until } from '../harness/index.js';

describe('a room with version 1 of its game', () => {
  let fleet: Fleet;
  let old: FleetServer;
  beforeAll(async () => {
    fleet = await startFleet({ gateways: 1, lobbies: 1, games: 1, testGames: { turnMs: 60_000 } });
    [old] = fleet.games;
  }, 60_000);
  afterAll(() => fleet.stop());

  it('is placed only on servers with version 1 until a server can upgrade its state', async () => {
    const games = await LedgerGame.many(fleet, 2);
    const [without, newer] = [await fleet.start('game', '2', { TEST_LEDGER: '0' }), await fleet.start('game', '3', { TEST_LEDGER: '2' })];
    await fleet.whole();
    await Promise.all(games.map((game) => game.goesOn()));
    const movedByPlan = games[0];

    old.kill('SIGTERM');
    await old.exited;
    await Promise.all(games.map((game) => game.goesOn(10)));
    for (const game of games) {
      expect(await fleet.ownerOf(game.rooms[0])).toBe(newer);
      expect(await game.sees((state) => state.migratedFrom.length > 0)).toMatchObject({ migratedFrom: [1] });
    }
    expect(old.logged('server.drained')).toMatchObject([{ moved: 2, left: 0 }]);
    expect(await fleet.redis.client.hget(redisName(`room:{${movedByPlan.rooms[0].id}}`), 'gameVersion')).toBe('2');

    // After the kill, no server has version 2 of the game. So the room must wait for a new server.
    newer.kill();
    await newer.exited;
    await Promise.all(
      games.flatMap(({ rooms }) => rooms.map((room) => room.waitFor(({ status }) => status === 'paused', { timeoutMs: 5_000 }))),
    );
    const older = await fleet.start('game', '4', { TEST_LEDGER: '1' });
    const newest = await fleet.start('game', '5', { TEST_LEDGER: '3' });
    await Promise.all(games.map((game) => game.goesOn()));
    for (const game of games) {
      await game.settled();
      expect(await fleet.ownerOf(game.rooms[0])).toBe(newest);
      expect(await game.sees((state) => state.migratedFrom.length > 1)).toMatchObject({ migratedFrom: [1, 2] });
    }
    for (const server of [without, older])
      for (const event of ['room.adopt-failed', 'room.upgraded']) expect(server.logged(event)).toEqual([]);
    expect(fleet.gateways[0].logged('recovery.adopt-failed')).toEqual([]);
    await Promise.all(games.map((game) => game.leave()));
  }, 60_000);

  it('waits for another server with version 1 when the only server with version 1 dies', async () => {
    const first = await LedgerGame.begin(fleet);
    const owner = await fleet.ownerOf(first.rooms[0]);
    for (const server of fleet.games) if (!server.exit && server.spec.env.TEST_LEDGER !== '0') server.kill();
    await owner.exited;
    await first.rooms[0].waitFor(({ status }) => status === 'paused', { timeoutMs: 5_000 });
    await fleet.start('game', '6', { TEST_LEDGER: '3' });
    await until(() => first.rooms[0].status === 'playing', 10_000);
    await first.goesOn();
    await first.settled();
    await first.leave();
  }, 40_000);
});

describe('a room with version 1 of a game that version 2 cannot upgrade', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet({ gateways: 1, lobbies: 1, games: 1, testGames: { turnMs: 60_000 } });
  }, 60_000);
  afterAll(() => fleet.stop());

  it('waits for a server that can upgrade the state of the room', async () => {
    const [old] = fleet.games;
    const game = await LedgerGame.begin(fleet);
    await game.goesOn();
    const cannot = await fleet.start('game', '2', { TEST_LEDGER: '2', TEST_LEDGER_MIGRATES: '0' });
    await until(() => cannot.logged('game.cannot-migrate').length > 0, 5_000);
    expect(cannot.logged('game.cannot-migrate')).toMatchObject([
      { game: 'ledger', version: 2, olderVersion: 1, check: expect.stringContaining('add migrateState') },
    ]);

    old.kill('SIGKILL');
    await old.exited;
    await game.rooms[0].waitFor(({ status }) => status === 'paused', { timeoutMs: 5_000 });
    const [gateway] = fleet.gateways;
    await until(() => gateway.logged('recovery.version-missing').length > 0, 10_000);
    expect(gateway.logged('recovery.version-missing')).toMatchObject([
      { game: 'ledger', version: 1, servers: expect.stringContaining('has version 2'), check: expect.stringContaining('add migrateState') },
    ]);

    const mended = await fleet.start('game', '3', { TEST_LEDGER: '2' });
    await until(() => game.rooms[0].status === 'playing', 10_000);
    await game.goesOn();
    await game.settled();
    expect(await fleet.ownerOf(game.rooms[0])).toBe(mended);
    expect(await game.sees((state) => state.migratedFrom.length > 0)).toMatchObject({ migratedFrom: [1] });
    expect(cannot.logged('room.adopt-failed')).toEqual([]);
    expect(gateway.logged('recovery.version-missing')).toHaveLength(1);
    await game.leave();
  }, 60_000);
});

describe('a page that was loaded before its game got version 2', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet({ gateways: 1, lobbies: 1, games: 1, testGames: { turnMs: 60_000 } });
  }, 60_000);
  afterAll(() => fleet.stop());

  it('receives a refusal of its commands, and continues in its seat after a reload', async () => {
    const [old] = fleet.games;
    const [ada, bob] = await Promise.all(['Ada', 'Bob'].map((name) => fleet.connect({ name, gameVersions: { ledger: 1 } })));
    const room = await ada.createRoom<Ledger>({ game: 'ledger', private: true });
    await (await bob.joinRoom(room.id)).ready();
    await room.start();
    await room.waitFor(({ status, state }) => status === 'playing' && state !== undefined, { timeoutMs: 10_000 });
    await room.send('note', { id: 'before' });
    const refusals: string[] = [];
    room.on('incompatible', ({ message }) => refusals.push(message));

    await fleet.start('game', '2', { TEST_LEDGER: '2' });
    await fleet.whole();
    await fleet.terminate(old);
    await until(() => refusals.length > 0, 10_000);
    expect(refusals).toEqual(['The game has version 2, and this program was written for 1. Load the program again.']);
    await expect(room.send('note', { id: 'refused' })).rejects.toMatchObject({ code: 'game-version', retry: false });

    const { credentials } = ada;
    ada.detach();
    const reloaded = await fleet.connect({ ...credentials, gameVersions: { ledger: 2 } });
    const again = (await until(() => reloaded.room, 10_000)) as Room<Ledger>;
    await again.waitFor(({ status, state }) => status === 'playing' && state !== undefined, { timeoutMs: 10_000 });
    await again.send('note', { id: 'after' });
    expect(again.state).toMatchObject({ applied: [['before', 'after'], []], migratedFrom: [1] });
  }, 60_000);
});
