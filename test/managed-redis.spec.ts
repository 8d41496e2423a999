import { redisName } from '#libs/redis';
import { answered, type Fleet, LedgerGame, startFleet, until } from './harness/index.js';

/** The size of a message that exceeds the output buffer of a subscriber in Redis, in bytes. */
const TOO_LARGE = 400_000;

describe('a fleet on a Redis with the limits of cloud providers', () => {
  let fleet: Fleet;
  let games: LedgerGame[];
  beforeAll(async () => {
    const config = {
      'rename-command': 'CONFIG ""',
      'client-output-buffer-limit': 'pubsub 1kb 0 0',
      // The idle timeout of Redis, in seconds. The test uses the shortest timeout that Redis allows. Providers use a timeout of some
      // minutes.
      timeout: 1,
    };
    fleet = await startFleet({ gateways: 2, lobbies: 1, games: 2, testGames: { turnMs: 60_000 }, redis: { config } });
    games = await answered(() => LedgerGame.many(fleet, 2));
  }, 60_000);
  afterAll(async () => {
    try {
      await Promise.all(games.map((game) => game.settled()));
    } finally {
      await fleet.stop();
    }
  });

  /** Checks after each test that all games have every acknowledged command, and that no server was evicted. */
  afterEach(async () => {
    await Promise.all(games.map((game) => game.goesOn()));
    for (const server of fleet.servers) expect([...server.logged('server.condemned'), ...server.logged('server.evicted')]).toEqual([]);
  });

  it('runs games without the command CONFIG', async () => {
    await Promise.all(games.map((game) => game.goesOn(20)));
  });

  it('continues when Redis loses its cached scripts', async () => {
    for (let times = 0; times < 3; times++) {
      await fleet.redis.client.script('FLUSH');
      await Promise.all(games.map((game) => game.goesOn()));
      const ada = await fleet.newPlayer('Ada');
      const room = await answered(() => ada.createRoom({ game: 'ledger' }));
      await answered(() => room.leave());
      ada.close();
    }
  }, 30_000);

  it('subscribes again when Redis disconnects the subscribers', async () => {
    const [first, second] = fleet.gateways;
    const [ada, bob] = await Promise.all([fleet.newPlayer('Ada', { gateway: first }), fleet.newPlayer('Bob', { gateway: second })]);
    const room = await answered(() => ada.createRoom({ game: 'ledger' }));
    const subscribers = async (): Promise<string[]> =>
      [...String(await fleet.redis.client.call('CLIENT', 'LIST', 'TYPE', 'PUBSUB')).matchAll(/^id=(\d+)/gm)].map(([, id]) => id);
    for (let times = 0; times < 3; times++) {
      const before = await subscribers();
      for (const server of fleet.servers) server.kill('SIGSTOP');
      for (const channel of [redisName('fleet'), redisName(`room:{${room.id}}`)]) {
        for (let count = 0; count < 10; count++) await fleet.redis.client.publish(channel, 'x'.repeat(TOO_LARGE));
      }
      const left = await subscribers();
      expect(left.filter((id) => before.includes(id))).toEqual([]);
      for (const server of fleet.servers) server.kill('SIGCONT');
      const joined = await answered(() => bob.joinRoom(room.id));
      await room.waitFor(({ view }) => view.members.length === 2, { timeoutMs: 5_000 });
      await answered(() => joined.leave());
      await room.waitFor(({ view }) => view.members.length === 1, { timeoutMs: 5_000 });
    }
    ada.close();
    bob.close();
    await until(async () => (await fleet.redis.client.zcard(redisName('listed'))) === 0);
  }, 30_000);
});
