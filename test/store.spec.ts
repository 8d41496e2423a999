import { cp, rm } from 'node:fs/promises';
import { connect } from '#libs/client/node';
import { redisName } from '#libs/redis';
import { type Fleet, LedgerGame, startFleet, until } from './harness/index.js';

/** Number of games, with two players each. More games would slow the machine down and find no more faults. */
const GAMES = 3;

describe('a fleet whose Redis fails during games', () => {
  let fleet: Fleet;
  let incarnations: string[];
  let games: LedgerGame[];
  beforeAll(async () => {
    fleet = await startFleet({
      gateways: 2,
      lobbies: 1,
      games: 2,
      testGames: { turnMs: 60_000 },
      redis: { appendonly: true },
      // A gateway renews its sessions after a third of the TTL, and ends a session that the store no longer has. The TTL is short, so that
      // the gateways renew the sessions during the tests.
      env: { SESSION_TTL_MS: '10000' },
    });
    incarnations = await incarnationsOf(fleet);
  }, 60_000);
  afterAll(() => fleet.stop());

  beforeEach(async () => {
    games = await LedgerGame.many(fleet, GAMES);
    await Promise.all(games.map((game) => game.goesOn()));
  }, 30_000);

  /** Checks after a fault that games, rooms and sessions continue, and that no server was evicted or registered again. */
  async function nothingIsLost(): Promise<void> {
    await Promise.all(games.map((game) => game.goesOn()));
    await Promise.all(games.map((game) => game.settled()));
    expect(await incarnationsOf(fleet)).toEqual(incarnations);
    for (const server of fleet.servers) expect(server.logged('server.condemned')).toEqual([]);
    await isWholeAgain(fleet, games);
    await Promise.all(games.map((game) => game.leave()));
  }

  it('continues its games when Redis restarts with its data', async () => {
    await fleet.redis.kill();
    await fleet.redis.startAgain();
    await nothingIsLost();
  }, 40_000);

  it('pauses its games while Redis hangs for five seconds, and continues the games afterwards', async () => {
    fleet.redis.pause();
    const [{ rooms }] = games;
    await Promise.all([
      new Promise((resolve) => setTimeout(resolve, 5_000)),
      ...rooms.map((room) => room.waitFor(({ status }) => status === 'paused', { timeoutMs: 5_000 })),
    ]);
    fleet.redis.resume();
    await nothingIsLost();
  }, 40_000);

  it('restores its rooms when Redis is emptied without a restart', async () => {
    await fleet.redis.client.flushall();
    await nothingIsLost();
  }, 40_000);

  it('restores its rooms when Redis restarts empty', async () => {
    await fleet.redis.kill();
    await rm(`${fleet.redis.dir}/appendonlydir`, { recursive: true, force: true });
    await fleet.redis.startAgain();
    await nothingIsLost();
  }, 40_000);

  it('restores the missing changes when Redis restarts with one-second-old data', async () => {
    const kept = `${fleet.redis.dir}/appendonlydir`;
    await cp(kept, `${kept}-of-before`, { recursive: true });
    await Promise.all(games.map((game) => game.goesOn(20)));
    await fleet.redis.kill();
    await rm(kept, { recursive: true });
    await cp(`${kept}-of-before`, kept, { recursive: true });
    await fleet.redis.startAgain();
    await nothingIsLost();
  }, 40_000);
});

async function incarnationsOf(fleet: Fleet): Promise<string[]> {
  return Promise.all(fleet.servers.map(async ({ id }) => `${id} ${await until(() => fleet.redis.client.hget(id, 'incarnation'), 10_000)}`));
}

/** Checks that all servers are ready, and that placement, the list of rooms and sessions work as before the fault. */
async function isWholeAgain(fleet: Fleet, games: readonly LedgerGame[]): Promise<void> {
  await fleet.whole();
  const { players, rooms } = await fleet.twoPlayersInAGame('tic-tac-toe');
  await rooms[0].leave();
  const listed = await players[0].createRoom({ game: 'ledger', name: 'Listed' });
  expect((await players[1].rooms()).map(({ id }) => id)).toContain(listed.id);
  await listed.leave();
  for (const player of players) player.close();
  const indexed = await fleet.redis.client.zrange(redisName('rooms'), '0', '-1');
  for (const game of games) expect(indexed).toContain(game.rooms[0].id);

  const [game] = games;
  const { acknowledged } = game;
  const [ada] = game.players;
  const [room] = game.rooms;
  // Waits until the gateway has restored the session. This can take seconds if the gateway's connection to Redis stayed open, because the
  // gateway then notices the loss later.
  await until(async () => (await fleet.redis.client.exists(redisName(`session:${ada.id}`))) === 1, 5_000);
  ada.detach();
  const again = await connect(fleet.gateways[1].publicUrl, ada.credentials);
  expect(again.user).toBe(ada.user);
  await until(() => again.room?.id === room.id);
  const back = again.room as typeof room;
  await back.waitFor(({ state }) => state?.applied[0].length === acknowledged[0].length, { timeoutMs: 5_000 });
  await back.leave();
  again.close();
}
