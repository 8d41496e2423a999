import { redisName } from '#libs/redis';
import { type Fleet, LedgerGame, startFleet, until } from '../harness/index.js';

describe('an owner that was suspended until its eviction', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet({ gateways: 2, lobbies: 1, games: 2, testGames: { turnMs: 60_000 } });
  }, 60_000);
  afterAll(() => fleet.stop());

  it('writes nothing and sends nothing to players when the process continues', async () => {
    const games = await LedgerGame.many(fleet, 6);
    await Promise.all(games.map((game) => game.goesOn()));
    const owners = await Promise.all(games.map(({ rooms }) => fleet.ownerOf(rooms[0])));
    const [stopped] = owners;
    const incarnation = Number(await fleet.redis.client.hget(stopped.id, 'incarnation'));
    const lost = games.filter((_, index) => owners[index] === stopped);
    // The players send commands all the time, so the server has changes to append when it continues.
    stopped.kill('SIGSTOP');
    await until(async () => (await fleet.redis.client.hget(stopped.id, 'state')) === 'dead', 10_000);
    await Promise.all(lost.map((game) => game.goesOn()));
    const epochs = await epochsOf(fleet, lost);

    stopped.kill('SIGCONT');
    await until(async () => Number(await fleet.redis.client.hget(stopped.id, 'incarnation')) > incarnation, 10_000);
    await Promise.all(games.map((game) => game.goesOn(20)));
    expect(await epochsOf(fleet, lost)).toEqual(epochs);
    for (const { rooms } of lost) expect(await fleet.ownerOf(rooms[0])).not.toBe(stopped);
    await Promise.all(games.map((game) => game.settled()));
    expect(stopped.logged('server.condemned')).toMatchObject([{ incarnation }]);
    expect((await stopped.ops('/metrics')).text).not.toMatch(/^holdfast_rooms\{[^}]*\} [1-9]/m);
    expect(stopped.logged('room.dropped').map(({ roomId }) => roomId)).toEqual(
      expect.arrayContaining(lost.map(({ rooms }) => rooms[0].id)),
    );

    // Waits until the server that was suspended is eligible again. Placement then chooses this server for the next room.
    await fleet.whole();
    const anew = await LedgerGame.begin(fleet);
    expect(await fleet.ownerOf(anew.rooms[0])).toBe(stopped);
    await anew.goesOn();
    await anew.settled();
    await Promise.all([...games, anew].map((game) => game.leave()));
  }, 40_000);
});

async function epochsOf(fleet: Fleet, games: readonly LedgerGame[]): Promise<(string | null)[]> {
  return Promise.all(games.map(({ rooms }) => fleet.redis.client.hget(redisName(`room:{${rooms[0].id}}`), 'epoch')));
}
