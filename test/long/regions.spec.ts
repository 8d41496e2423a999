import type { Room } from '#libs/client';
import { redisName } from '#libs/redis';
import { type Fleet, type FleetServer, startFleet, until } from '../harness/index.js';

const BUILD = 'b2';

describe('a fleet in two regions, with a canary', () => {
  let fleet: Fleet;
  let near: FleetServer;
  let far: readonly FleetServer[];
  let canary: FleetServer;
  beforeAll(async () => {
    fleet = await startFleet({ env: { REGION: 'eu', PLACEMENT_WAIT_MS: '0' } });
    near = fleet.games[0];
    far = await Promise.all(['far-1', 'far-2'].map((name) => fleet.start('game', name, { REGION: 'us' })));
    await fleet.whole();
    canary = await fleet.start('game', 'canary', { SERVER_BUILD: BUILD, CANARY: 'true' });
    // Waits until placement knows the canary, which is the only server of its build.
    const offer = redisName(`{placement}:offers:tic-tac-toe,build=${BUILD}`);
    await until(async () => (await fleet.store.client.scard(offer)) === 1, 10_000);
  }, 60_000);
  afterAll(() => fleet.stop());

  it('places each room in the requested region and on the requested build', async () => {
    // Starts several rooms, because even a random placement could choose the right server for a single room.
    const nearby = await Promise.all(Array.from({ length: 4 }, () => startedIn({})));
    const asked = await Promise.all([startedIn({ region: 'us' }), startedIn({ region: 'us' }), startedIn({ build: BUILD })]);
    expect(await Promise.all(nearby.map(owner))).toEqual(nearby.map(() => near.id));
    expect((await Promise.all(asked.map(owner))).sort()).toEqual([far[0].id, far[1].id, canary.id].sort());

    const nowhere = await seated({ region: 'mars' });
    await expect(nowhere.start()).rejects.toMatchObject({ code: 'no-capacity', retry: true });
    await nowhere.waitFor(({ view }) => view.status === 'waiting' && view.members.length === 2, { timeoutMs: 5_000 });
    await expect(fleet.newPlayer('Ada').then((ada) => ada.createRoom({ game: 'tic-tac-toe', region: 'no where' }))).rejects.toMatchObject({
      code: 'bad-data',
    });
  }, 30_000);

  it('recovers rooms in their region if possible, and never on a canary', async () => {
    const rooms = await Promise.all(Array.from({ length: 12 }, () => startedIn({ region: 'us' })));
    const alone = async (owners: readonly string[]) => {
      await Promise.all(rooms.map((room) => until(async () => owners.includes((await owner(room)) ?? ''), 15_000)));
      await Promise.all(rooms.map((room) => room.waitFor(({ status }) => status === 'playing', { timeoutMs: 10_000 })));
    };
    // The server in the other region has the fewest rooms, but must not get the rooms of this region.
    far[0].kill();
    await alone([far[1].id]);
    far[1].kill();
    await alone([near.id]);
  }, 60_000);

  async function seated(wish: { region?: string; build?: string }): Promise<Room> {
    const [host, guest] = [await fleet.newPlayer('Host'), await fleet.newPlayer('Guest')];
    const room = await host.createRoom({ game: 'tic-tac-toe', private: true, ...wish });
    await (await guest.joinRoom(room.id)).ready();
    return room;
  }

  async function startedIn(wish: { region?: string; build?: string }): Promise<Room> {
    const room = await seated(wish);
    await room.start();
    return room.waitFor(({ status }) => status === 'playing', { timeoutMs: 5_000 });
  }

  const owner = ({ id }: Room): Promise<string | null> => fleet.store.client.hget(redisName(`room:{${id}}`), 'owner');
});
