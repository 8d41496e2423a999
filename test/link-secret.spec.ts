import { serverId } from '#libs/protocol';
import { redisName } from '#libs/redis';
import { type Fleet, type FleetServer, LedgerGame, startFleet, until } from './harness/index.js';

const OTHER_SECRET = 'another secret of some length';
const ROOMS = 12;
/**
 * Number of kills of a game server in the test. One kill is not enough: if an eviction had to wait for the vote of the server with the
 * wrong secret, only about half of the evictions would fail.
 */
const KILLS = 5;
/** Time in which a server makes several attempts to open a link, in ms. */
const ATTEMPTS_MS = 3_000;

describe('a server whose LINK_SECRET differs from that of the fleet', () => {
  let fleet: Fleet;
  afterEach(() => fleet.stop());

  it('is not ready and gets no rooms, while the other servers stay ready', async () => {
    fleet = await startFleet({ gateways: 2, lobbies: 1, games: 1, env: { PLACEMENT_RAMP_MS: '0' } });
    const good = fleet.servers.slice();
    const strangers = await Promise.all(
      (['game', 'lobby', 'gateway'] as const).map((type) => fleet.startStranger(type, 'stranger', OTHER_SECRET)),
    );
    for (const stranger of strangers) await expectNotReady(stranger);
    const games = await Promise.all(Array.from({ length: ROOMS }, () => fleet.twoPlayersInAGame('tic-tac-toe', throughGood(fleet, good))));
    const owners = await Promise.all(games.map(({ rooms }) => fleet.ownerOf(rooms[0])));
    expect(new Set(owners.map(({ id }) => id))).toEqual(new Set([serverId('game', '1')]));
    for (const lobby of good.filter(({ type }) => type === 'lobby')) expect(lobby.logged('start.failed')).toEqual([]);

    await new Promise((resolve) => setTimeout(resolve, ATTEMPTS_MS));
    for (const gateway of good.filter(({ type }) => type === 'gateway'))
      for (const { id } of strangers) expect([id, refusals(gateway, id)]).toEqual([id, 1]);
    for (const stranger of strangers)
      for (const { id } of fleet.gateways.slice(0, 2)) expect([id, refusals(stranger, id)]).toEqual([id, 1]);
    for (const server of good) expect([server.id, (await server.ops('/readyz')).status]).toEqual([server.id, 200]);
    for (const stranger of strangers) await expectNotReady(stranger);
  }, 60_000);

  it('becomes unready when most other servers have the right secret', async () => {
    fleet = await startFleet({ gateways: 0, lobbies: 0, games: 0 });
    const stranger = await fleet.startStranger('game', 'stranger', OTHER_SECRET);
    await until(async () => (await stranger.ops('/readyz')).status === 200, 5_000);
    const good = await Promise.all((['gateway', 'lobby', 'game'] as const).map((type) => fleet.start(type, '1')));
    await until(async () => (await stranger.ops('/readyz')).status === 503, 10_000);
    await expectNotReady(stranger);
    // The list of reasons can have a second entry, because the gateway cannot reach the server.
    await until(async () => (await withheld(fleet, stranger))?.split(' ').includes('link-refused'), 5_000);
    for (const server of good) expect([server.id, (await server.ops('/readyz')).status]).toEqual([server.id, 200]);

    stranger.kill();
    await stranger.exited;
    const back = await fleet.start('game', 'stranger');
    await fleet.whole();
    expect(await withheld(fleet, back)).toBe('');
  }, 60_000);

  it('does not prevent the eviction of a killed game server', async () => {
    fleet = await startFleet({ gateways: 1, lobbies: 1, games: 2, env: { HEALTH_GRACE_MS: '0' } });
    const [gateway] = fleet.gateways;
    await fleet.startStranger('gateway', 'stranger', OTHER_SECRET);
    const { rooms } = await fleet.twoPlayersInAGame('tic-tac-toe', [{ gateway }, { gateway }]);
    for (let kill = 0; kill < KILLS; kill++) {
      const owner = await fleet.ownerOf(rooms[0]);
      owner.kill();
      await owner.exited;
      await until(async () => (await fleet.store.client.hget(redisName(`room:{${rooms[0].id}}`), 'owner')) !== owner.id, 5_000);
      await rooms[0].waitFor(({ status }) => status === 'playing', { timeoutMs: 5_000 });
      await fleet.restart(owner);
    }
  }, 90_000);
});

describe('the LINK_SECRET of a fleet', () => {
  it('can be changed during games by two rolling restarts, as documented', async () => {
    const [older, newer] = ['the older secret of the fleet', 'the newer secret of the fleet'];
    const fleet = await startFleet({ gateways: 2, games: 2, testGames: { turnMs: 60_000 }, env: { LINK_SECRET: older } });
    try {
      const games = await LedgerGame.many(fleet, 3);
      for (const LINK_SECRET of [`${newer},${older}`, newer]) {
        for (const server of [...fleet.games, ...fleet.lobbies, ...fleet.gateways]) {
          await fleet.terminate(server);
          await fleet.restart(server, { LINK_SECRET });
          await fleet.whole();
          await Promise.all(games.map((game) => game.goesOn(2)));
        }
      }
      await Promise.all(games.map((game) => game.settled()));
      const logs = await fleet.logs();
      expect(logs).not.toMatch(/link\.(refused|outvoted)/);
      for (const secret of [older, newer]) expect(logs).not.toContain(secret);
    } finally {
      await fleet.stop();
    }
  }, 120_000);
});

/** Returns options for two players who connect through the gateways with the right secret. */
function throughGood(fleet: Fleet, good: readonly FleetServer[]) {
  const [first, second] = fleet.gateways.filter((gateway) => good.includes(gateway));
  return [{ gateway: first }, { gateway: second }] as const;
}

async function expectNotReady(server: FleetServer): Promise<void> {
  const { status, text } = await server.ops('/readyz');
  expect([server.id, status]).toEqual([server.id, 503]);
  expect(JSON.parse(text).notReady).toEqual({
    link: expect.stringMatching(/^LINK_SECRET of this server .* set the same LINK_SECRET on all servers/),
  });
}

function refusals(server: FleetServer, target: string): number {
  return server.logged('link.refused').filter((line) => line.target === target).length;
}

function withheld(fleet: Fleet, { id }: FleetServer): Promise<string | null> {
  return fleet.redis.client.hget(redisName(`{placement}:server:${id}`), 'withheld');
}
