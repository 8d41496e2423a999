import { type Fleet, type FleetServer, LedgerGame, startFleet, until } from '../harness/index.js';

/** The README's table, row by row. Its last row, replicas, is in `store-sentinel.spec.ts`. */
describe.each([
  { redis: 'no persistence', appendonly: false, config: { appendfsync: 'no' }, bothAtOnce: 'all is lost' },
  { redis: 'AOF everysec', appendonly: true, config: { appendfsync: 'everysec' }, bothAtOnce: 'nothing is lost' },
  { redis: 'AOF always', appendonly: true, config: { appendfsync: 'always' }, bothAtOnce: 'nothing is lost' },
])('with $redis', ({ redis, appendonly, config, bothAtOnce }) => {
  let fleet: Fleet;
  let games: LedgerGame[];
  beforeAll(async () => {
    fleet = await startFleet({ gateways: 1, lobbies: 1, games: 1, testGames: { turnMs: 60_000 }, redis: { appendonly, config } });
    games = await LedgerGame.many(fleet, 3);
  }, 60_000);
  afterAll(() => fleet.stop());

  it(`${redis === 'AOF everysec' ? 'all of our servers' : 'all game servers'} die and are started again: nothing is lost`, async () => {
    await Promise.all(games.map((game) => game.goesOn()));
    const servers = redis === 'AOF everysec' ? fleet.servers : fleet.games;
    await killAll(servers);
    await startAll(fleet, servers);
    await Promise.all(games.map((game) => game.goesOn(5, 30_000)));
  }, 60_000);

  it('Redis dies while our servers live: nothing is lost', async () => {
    await Promise.all(games.map((game) => game.goesOn()));
    await fleet.redis.restart();
    await Promise.all(games.map((game) => game.goesOn()));
  }, 40_000);

  it(`both die at once: ${bothAtOnce}`, async () => {
    await Promise.all(games.map((game) => game.goesOn()));
    await Promise.all([fleet.redis.kill(), killAll(fleet.games)]);
    await fleet.redis.startAgain();
    const kept = await Promise.all(games.map(({ rooms }) => fleet.redis.client.hexists(`hf:room:{${rooms[0].id}}`, 'epoch')));
    expect(kept).toEqual(games.map(() => (bothAtOnce === 'nothing is lost' ? 1 : 0)));
    await startAll(fleet, fleet.games);
    if (bothAtOnce === 'nothing is lost') {
      await Promise.all(games.map((game) => game.goesOn(5, 30_000)));
      await Promise.all(games.map((game) => game.settled()));
      return;
    }
    // They are told so, and do not wait for ever.
    await until(() => games.every(({ rooms }) => rooms.every(({ status }) => status === 'left')), 10_000);
    await Promise.all(games.map((game) => game.stop()));
  }, 60_000);
});

async function killAll(servers: readonly FleetServer[]): Promise<void> {
  for (const server of servers) server.kill();
  await Promise.all(servers.map(({ exited }) => exited));
}

async function startAll(fleet: Fleet, servers: readonly FleetServer[]): Promise<void> {
  await Promise.all(servers.map((server) => fleet.restart(server)));
}
