import { Redis } from 'ioredis';
import { redisName } from '#libs/redis';
import { type Fleet, RawPlayer, startFleet, until } from '../harness/index.js';

/** Number of players at the killed gateway. One request to Redis cannot contain all of them, so the cleanup has several steps. */
const PLAYERS = 100;

describe('a gateway that is killed during the cleanup of another gateway', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet({ gateways: 3, lobbies: 1, games: 1, env: { HEALTH_GRACE_MS: '0' } });
  }, 60_000);
  afterAll(() => fleet.stop());

  it('is replaced in the cleanup by the remaining gateway', async () => {
    const [lost, ...others] = fleet.gateways;
    const rooms = await Promise.all(
      Array.from({ length: PLAYERS }, async (_, index) => {
        const player = await RawPlayer.welcomed(lost, `Player ${index}`);
        const { room } = (await player.asks(1, 'rooms.create', { game: 'tic-tac-toe' })).data as { room: { id: string } };
        return room.id;
      }),
    );
    const store = fleet.redis.client;
    const away = async (): Promise<number> => {
      const docs = await Promise.all(rooms.map((room) => store.hget(redisName(`room:{${room}}`), 'doc')));
      return docs.filter((doc) => JSON.parse(doc as string).members[0].here === false).length;
    };
    // Makes the record of one room invalid for a while. The store then answers requests for this room with errors, so the cleanup cannot
    // finish.
    const [held] = rooms;
    await store.rename(redisName(`room:{${held}}`), `held:{${held}}`);
    await store.set(redisName(`room:{${held}}`), 'not a room');
    // The servers publish each change of a room. The first published change shows that the cleanup has begun.
    const listener = new Redis(fleet.redis.url);
    await listener.psubscribe(redisName('room:*'));
    const begun = new Promise<void>((resolve) => listener.once('pmessage', () => resolve()));
    lost.kill();
    await begun;
    const evictor = await until(() => others.find((gateway) => gateway.logged('server.evicted').some(({ target }) => target === lost.id)));
    evictor.kill();
    listener.disconnect();
    await evictor.exited;
    expect(evictor.logged('gateway-end.done')).toEqual([]);
    await store.rename(`held:{${held}}`, redisName(`room:{${held}}`));
    const [left] = others.filter((gateway) => gateway !== evictor);
    // This condition alone does not prove the cleanup, because the sweep of a lobby can also mark the players as away.
    await until(async () => (await away()) === PLAYERS, 30_000);
    await until(() => left.logged('gateway-end.done').some(({ target }) => target === lost.id), 30_000);
    expect(left.logged('server-end.taken-up')).toMatchObject([{ target: lost.id }]);
    expect(await store.smembers(redisName('session-holders'))).toEqual([]);
  }, 60_000);
});
