import { HOLDFAST_VERSION } from '#libs/telemetry';
import { LedgerGame } from './harness/index.js';
import { type MixedFleet, startMixedFleet } from './harness/mixed-fleet.js';

/** `test/long/rolling-upgrade.spec.ts` tests the same upgrade with more servers and games, with killed servers, and with newer data. */
describe('a fleet of the last release that is upgraded to this build, server by server', () => {
  let fleet: MixedFleet;
  beforeAll(async () => {
    fleet = await startMixedFleet({ gateways: 2, lobbies: 1, games: 2 });
  }, 60_000);
  afterAll(() => fleet?.stop());

  it('loses no move of a player during the upgrade and a partial downgrade', async () => {
    const games = await LedgerGame.many(fleet, 2);
    const ended: unknown[] = [];
    for (const player of games.flatMap(({ players }) => players)) player.on('closed', (error) => ended.push(error));
    await Promise.all(games.map((game) => game.goesOn()));
    expect(await fleet.versions()).toEqual([fleet.last.version]);

    for (const server of [...fleet.games, ...fleet.lobbies, ...fleet.gateways]) {
      await fleet.change(server, 'this');
      await Promise.all(games.map((game) => game.goesOn()));
    }
    expect(await fleet.versions()).toEqual([HOLDFAST_VERSION]);

    for (const server of [fleet.gateways[0], fleet.games[0], fleet.games[1]]) {
      await fleet.change(server, 'last');
      await Promise.all(games.map((game) => game.goesOn()));
    }
    expect(await fleet.versions()).toEqual([fleet.last.version, HOLDFAST_VERSION].sort());
    for (const game of games) await game.settled();
    expect(ended).toEqual([]);
    await Promise.all(games.map((game) => game.leave()));
  }, 120_000);
});
