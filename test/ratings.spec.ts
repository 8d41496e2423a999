import { join } from 'node:path';
import { ratingsAfter } from '#libs/matchmaking';
import type { UserId } from '#libs/protocol';
import { ROOT } from '../tools/process/paths.mjs';
import { type Fleet, startFleet, until } from './harness/index.js';

const FRAGILE = join(ROOT, 'test/harness/fragile-ratings.mjs');
const SOON = { timeoutMs: 20_000 };

describe('the ratings of a game that ends while its servers are killed', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    const env = { EXTENSIONS: FRAGILE, HEALTH_INTERVAL_MS: '500' };
    fleet = await startFleet({ gateways: 1, lobbies: 1, games: 1, testGames: { turnMs: 60_000 }, env });
  }, 60_000);
  afterAll(() => fleet.stop());

  it('change only once when one server dies before the update and the next server dies after the update', async () => {
    const players = await Promise.all(['Ada', 'Bob'].map((name) => fleet.newPlayer(name)));
    const rooms = await Promise.all(players.map((player) => player.quickMatch('rumble', { mode: 'ranked' })));
    const untilPlaying = () => Promise.all(rooms.map((room) => room.waitFor(({ status }) => status === 'playing', SOON)));
    await untilPlaying();
    const users = players.map(({ user }) => user) as UserId[];
    const { client } = fleet.store;
    const key = fleet.redisName('ratings:{rumble}:mode:ranked');
    const counted = () => client.keys(fleet.redisName('ratings:{rumble}:counted:*'));
    const rated = async () => (await client.hmget(key, ...users)).map((text) => Number(text?.split(' ', 1)[0]));

    // Kills the first owner. The next owner must then read the game's mode from the store.
    const [first] = fleet.games;
    first!.kill();
    await first!.exited;
    const before = await fleet.start('game', 'before', { TEST_RATING_HANGS: 'before' });
    await untilPlaying();
    await rooms[0]!.send('win' as never);
    await Promise.all(rooms.map((room) => until(() => room.view.status === 'waiting', SOON.timeoutMs)));
    expect(await counted()).toEqual([]);

    const [lobby] = fleet.lobbies;
    for (const server of [before, lobby!]) server.kill();
    await Promise.all([before, lobby!].map(({ exited }) => exited));
    const after = await fleet.start('game', 'after', { TEST_RATING_HANGS: 'after' });
    await until(async () => (await counted()).length === 1, SOON.timeoutMs);
    after.kill();
    await after.exited;

    const teams = users.map((user, place) => ({ users: [user], place }));
    const once = ratingsAfter({ teams }, [null, null]).map(({ mu }) => Math.round(mu));
    await fleet.restart(lobby!);
    await fleet.start('game', 'whole');
    await fleet.whole();
    // The last server runs the effect of the first game again. Only then may the next game of the room change the ratings.
    for (const room of rooms) await until(() => room.ready().then(() => true), SOON.timeoutMs);
    await until(() => rooms[0]!.start().then(() => true), SOON.timeoutMs);
    await untilPlaying();
    expect((await rated()).map(Math.round)).toEqual(once);
    await rooms[0]!.send('win' as never);
    await until(async () => (await counted()).length === 2, SOON.timeoutMs);
    const twice = ratingsAfter({ teams }, ratingsAfter({ teams }, [null, null])).map(({ mu }) => Math.round(mu));
    expect((await rated()).map(Math.round)).toEqual(twice);
    expect(await client.exists(fleet.redisName('ratings:{rumble}'))).toBe(0);
    // The ratings of guests expire. Both players are guests, so both ratings have an expiry.
    expect(await client.zcard(`${key}:expiries`)).toBe(2);
  }, 120_000);
});
