import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { redisName } from '#libs/redis';
import { freePort } from '../../tools/process/free-port.mjs';
import { ROOT } from '../../tools/process/paths.mjs';
import { CuttableProxy, EventStream, type Fleet, LedgerGame, startFleet, until } from '../harness/index.js';

const LISTEN_BEHIND = pathToFileURL(join(ROOT, 'tools/process/listen-behind.mjs')).href;
/**
 * Time limit after a cut within which games must continue, in ms. `npm run partitions` measures the actual durations, which are shorter.
 */
const GOES_ON_MS = 5_000;
const PLAYED = 3;

/**
 * These tests cut connections with proxies, which need no special rights. `partitions.spec.ts` cuts a real network, between any two
 * servers.
 */
describe('a game server that is cut off from gateways or Redis', () => {
  let fleet: Fleet;
  let links: CuttableProxy;
  let store: CuttableProxy;
  let events: EventStream;
  let games: LedgerGame[];

  /** Starts a fleet. The other servers reach the game server `cut` through a proxy, and `cut` reaches Redis through another proxy. */
  async function open(gateways: number): Promise<void> {
    fleet = await startFleet({ gateways, games: 1, testGames: { turnMs: 60_000 } });
    const [announced, real] = [await freePort(), await freePort()];
    links = await CuttableProxy.to({ port: real }, announced);
    store = await CuttableProxy.to({ port: Number(new URL(fleet.redis.url).port) });
    await fleet.start('game', 'cut', {
      LINK_PORT: String(announced),
      LISTEN_BEHIND: `${announced}:${real}`,
      NODE_OPTIONS: `--import=${LISTEN_BEHIND}`,
      REDIS_URL: `redis://127.0.0.1:${store.port}`,
    });
    await fleet.whole();
    events = await EventStream.of(fleet.gateways[0]);
    games = await LedgerGame.many(fleet, 8);
    await graceIsOver(fleet);
  }

  async function close(): Promise<void> {
    events.close();
    links.close();
    store.close();
    await fleet.stop();
  }

  const cutServer = () => fleet.games.find(({ name }) => name === 'cut') as Fleet['games'][number];

  async function playedBy(id: string): Promise<LedgerGame[]> {
    const owners = await Promise.all(games.map(async ({ rooms }) => (await fleet.ownerOf(rooms[0])).id));
    return games.filter((_, index) => owners[index] === id);
  }

  /** Returns the time until each player of these games has acknowledgements of `PLAYED` more commands (`note`), in ms. */
  async function goOn(those: readonly LedgerGame[]): Promise<number> {
    const since = performance.now();
    await Promise.all(those.map((game) => game.goesOn(PLAYED, 4 * GOES_ON_MS)));
    return performance.now() - since;
  }

  async function isBack(): Promise<void> {
    const { id } = cutServer();
    await until(async () => {
      const [state, suspect, unheard] = await fleet.redis.client.hmget(id, 'state', 'suspect', 'unheard');
      return state === 'ready' && (suspect ?? '0') === '0' && (unheard ?? '0') === '0';
    }, 15_000);
    await fleet.whole();
  }

  describe.each([1, 2, 3])('in a fleet of %i gateways', (gateways) => {
    beforeAll(() => open(gateways), 60_000);
    afterAll(close);

    it('is evicted as `unreachable` within 5 s when no gateway reaches it', async () => {
      const { id } = cutServer();
      const concerned = await playedBy(id);
      expect(concerned.length).toBeGreaterThan(0);
      links.cut();
      // Waits for the answers to several commands, because the first answers possibly belong to commands from before the cut.
      expect(await goOn(concerned)).toBeLessThan(GOES_ON_MS);
      expect(events.told('server.evicted', id)).toEqual([expect.objectContaining({ reason: 'unreachable' })]);
      expect(await playedBy(id)).toEqual([]);
      links.mend();
      await isBack();
      expect(events.events.filter(({ kind, server }) => kind === 'server.evicted' && server !== id)).toEqual([]);
    }, 60_000);

    it('gets no new rooms while the server is unreachable', async () => {
      const { id } = cutServer();
      await graceIsOver(fleet);
      const before = events.told('server.evicted', id).length;
      links.cut();
      const withheld = () => fleet.redis.client.hget(redisName(`{placement}:server:${id}`), 'withheld');
      await until(async () => ((await withheld()) ?? '').includes('unreachable'), 10_000);
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      // The server has no rooms, so its eviction would help no player. The gateways must not evict it.
      expect(events.told('server.evicted', id).length).toBe(before);
      await LedgerGame.begin(fleet).then(async (game) => {
        expect((await fleet.ownerOf(game.rooms[0])).id).not.toBe(id);
        games.push(game);
      });
      links.mend();
      await isBack();
    }, 60_000);

    it('is evicted as `store-lost` within 5 s when only this server has lost Redis', async () => {
      const { id } = cutServer();
      games.push(...(await LedgerGame.many(fleet, 8)));
      const concerned = await playedBy(id);
      expect(concerned.length).toBeGreaterThan(0);
      await graceIsOver(fleet);
      store.cut();
      expect(await goOn(concerned)).toBeLessThan(GOES_ON_MS);
      expect(events.told('server.evicted', id).at(-1)).toMatchObject({ reason: 'store-lost' });
      store.mend();
      await isBack();
      expect(events.events.filter(({ kind, server }) => kind === 'server.evicted' && server !== id)).toEqual([]);
    }, 60_000);

    it('loses no command, and applies no command twice', async () => {
      for (const game of games) await game.settled();
    }, 60_000);
  });
});

describe('the gateways of a fleet in which only the gateways have lost Redis', () => {
  let fleet: Fleet;
  let store: CuttableProxy;

  beforeAll(async () => {
    fleet = await startFleet({ gateways: 0, games: 2, testGames: { turnMs: 60_000 } });
    store = await CuttableProxy.to({ port: Number(new URL(fleet.redis.url).port) });
    for (const name of ['one', 'two']) await fleet.start('gateway', name, { REDIS_URL: `redis://127.0.0.1:${store.port}` });
    await fleet.whole();
  }, 60_000);

  afterAll(async () => {
    store.close();
    await fleet.stop();
  });

  it("keep their players' connections, and the games continue", async () => {
    const game = await LedgerGame.begin(fleet);
    store.cut();
    await until(() => fleet.gateways.every((gateway) => gateway.logged('store.lost-alone').length > 0), 15_000);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await game.goesOn();
    for (const gateway of fleet.gateways) expect(gateway.logged('players.redirected')).toEqual([]);
    store.mend();
    await game.settled();
  }, 60_000);
});

describe('a gateway that is the only server without Redis', () => {
  let fleet: Fleet;
  let store: CuttableProxy;
  let events: EventStream;

  beforeAll(async () => {
    fleet = await startFleet({ gateways: 1, games: 2, testGames: { turnMs: 60_000 } });
    store = await CuttableProxy.to({ port: Number(new URL(fleet.redis.url).port) });
    await fleet.start('gateway', 'lonely', { REDIS_URL: `redis://127.0.0.1:${store.port}` });
    await fleet.whole();
    events = await EventStream.of(fleet.gateways[0]);
  }, 60_000);

  afterAll(async () => {
    events.close();
    store.close();
    await fleet.stop();
  });

  it('sends its players to another gateway, and their games continue there', async () => {
    const lonely = fleet.gateways.find(({ name }) => name === 'lonely') as Fleet['gateways'][number];
    const [other] = fleet.gateways.filter((gateway) => gateway !== lonely);
    const [ada, bob] = await Promise.all([fleet.newPlayer('Ada', { gateway: other }), fleet.newPlayer('Bob', { gateway: lonely })]);
    const game = await LedgerGame.begin(fleet);
    const made = await ada.createRoom({ game: 'ledger', private: true });
    const joined = await bob.joinRoom(made.id);
    await joined.ready();
    store.cut();
    const since = performance.now();
    await made.start();
    // Without the redirection by the gateway, the player would receive no messages about the new game during the cut.
    await joined.waitFor(({ status, state }) => status === 'playing' && state !== undefined, { timeoutMs: 15_000 });
    expect(performance.now() - since).toBeLessThan(8_000);
    await game.goesOn();
    // During the cut, the gateway logs its operator event but cannot publish it.
    expect(lonely.logged('players.redirected')).toEqual([expect.objectContaining({ reason: 'store-lost' })]);
    const newcomer = await fleet.newPlayer('Eve', { gateway: lonely });
    await newcomer.rooms();
    store.mend();
    await until(async () => (await lonely.ops('/readyz')).status === 200, 15_000);
    await game.settled();
    expect(events.events.filter(({ kind }) => kind === 'server.evicted')).toEqual([]);
    const late = await fleet.newPlayer('Dan', { gateway: lonely });
    await late.rooms();
  }, 60_000);
});

/** Waits until each server has been registered for longer than `HEALTH_GRACE_MS`. Before that, missed checks do not lead to an eviction. */
async function graceIsOver(fleet: Fleet): Promise<void> {
  await until(async () => {
    const [seconds] = await fleet.redis.client.time();
    const times = await Promise.all(fleet.servers.map(({ id }) => fleet.redis.client.hget(id, 'registeredAt')));
    return times.every((at) => Number(seconds) * 1_000 - Number(at) > 3_500);
  }, 15_000);
}
