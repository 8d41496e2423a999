import type { Room, Session } from '#libs/client';
import { redisName } from '#libs/redis';
import { type Fleet, startFleet, until } from './harness/index.js';

interface Open {
  log: string[];
  points: number[];
  you: number | null;
}
type OpenRoom = Omit<Room, 'send'> & { send(name: string): Promise<void> };

describe('a joinable game', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet({ gateways: 2, lobbies: 2, games: 2, testGames: { turnMs: 60_000 } });
  }, 60_000);
  afterAll(() => fleet.stop());

  const stateOf = (room: Pick<Room, 'state'>) => room.state as Open | undefined;

  async function running(): Promise<{ host: Session; room: OpenRoom }> {
    const host = await fleet.newPlayer('Host');
    const room = (await host.createRoom({ game: 'open' })) as unknown as OpenRoom;
    await room.start();
    await room.waitFor(() => stateOf(room) !== undefined, { timeoutMs: 5_000 });
    return { host, room };
  }

  async function joined(player: Session, id: string): Promise<OpenRoom> {
    const room = (await player.joinRoom(id)) as unknown as OpenRoom;
    await room.waitFor(() => room.seat !== null && stateOf(room)?.you === room.seat, { timeoutMs: 5_000 });
    return room;
  }

  const members = async (id: string): Promise<string[]> => {
    const doc = JSON.parse((await fleet.store.client.hget(redisName(`room:{${id}}`), 'doc')) as string);
    return doc.members.map(({ name }: { name: string }) => name);
  };

  it.each(['binary', 'json', 'tcp'] as const)('gives a seat to a player who joins over %s', async (encoding) => {
    const { room } = await running();
    const late = await fleet.newPlayer('Late', { encoding });
    const own = await joined(late, room.id);
    expect(own.seat).toBe(1);
    expect(stateOf(own)?.log).toEqual(['joined 0 Host', 'joined 1 Late']);
    await own.send('score');
    await room.waitFor(() => stateOf(room)?.points[1] === 1 && room.players.length === 2, { timeoutMs: 5_000 });
    expect(room.players).toEqual([
      { seat: 0, name: 'Host' },
      { seat: 1, name: 'Late' },
    ]);
  });

  it('gives the last seat to only one of two players who join at the same time', async () => {
    const { room } = await running();
    const second = await joined(await fleet.newPlayer('Second'), room.id);
    const rivals = await Promise.all(['A', 'B'].map((name) => fleet.newPlayer(name)));
    const outcomes = await Promise.allSettled(rivals.map((rival) => joined(rival, room.id)));
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'room-full' } });
    await second.leave();
    const third = await joined(await fleet.newPlayer('Third'), room.id);
    expect(third.seat).toBe(1);
    await room.waitFor(() => stateOf(room)?.log.join().endsWith('left 1,joined 1 Third') === true, { timeoutMs: 5_000 });
  });

  it('refuses players while the game is locked', async () => {
    const { room } = await running();
    await room.send('lock');
    await until(async () => (await fleet.store.client.hget(redisName(`room:{${room.id}}`), 'locked')) !== null);
    const late = await fleet.newPlayer('Late');
    await expect(late.joinRoom(room.id)).rejects.toMatchObject({ code: 'room-locked' });
    await room.send('unlock');
    await until(async () => (await fleet.store.client.hget(redisName(`room:{${room.id}}`), 'locked')) === '');
    expect((await joined(late, room.id)).seat).toBe(1);
  });

  it('gives a seat to a spectator who joins', async () => {
    const { room } = await running();
    const fan = await fleet.newPlayer('Fan');
    const watched = (await fan.watchRoom(room.id)) as unknown as OpenRoom;
    await watched.waitFor(() => stateOf(watched)?.you === null, { timeoutMs: 5_000 });
    const own = await joined(fan, room.id);
    await own.send('score');
    await room.waitFor(() => stateOf(room)?.points[1] === 1, { timeoutMs: 5_000 });
  });

  it('gives the seat of a bot to a player', async () => {
    const { room } = await running();
    await room.send('bot');
    await room.waitFor(() => stateOf(room)?.points[1] === 3, { timeoutMs: 5_000 });
    await until(() => room.players[1]?.bot === true);
    const own = await joined(await fleet.newPlayer('Late'), room.id);
    expect([own.seat, own.players[1]]).toEqual([1, { seat: 1, name: 'Late' }]);
    expect(stateOf(own)?.log).toEqual(['joined 0 Host', 'left 1', 'joined 1 Late']);
  });

  it('seats each player once when servers are killed during the joins', async () => {
    for (const kind of ['game', 'lobby', 'gateway'] as const) {
      const { room } = await running();
      const players = await Promise.all(['A', 'B'].map((name) => fleet.newPlayer(name)));
      const killed = { game: await fleet.ownerOf(room), lobby: fleet.lobbies[0]!, gateway: fleet.gateways[0]! }[kind];
      const joins = players.map((player) => until(() => player.joinRoom(room.id)));
      killed.kill();
      const rooms = (await Promise.all(joins)) as unknown as OpenRoom[];
      for (const own of rooms) await own.waitFor(() => own.seat !== null && stateOf(own)?.you === own.seat, { timeoutMs: 10_000 });
      expect(new Set(rooms.map(({ seat }) => seat))).toEqual(new Set([1, 2]));
      await room.waitFor(() => stateOf(room)?.log.length === 3, { timeoutMs: 10_000 });
      expect([...(stateOf(room)?.log ?? [])].map((entry) => entry.split(' ')[2]).sort()).toEqual(['A', 'B', 'Host']);
      expect((await members(room.id)).sort()).toEqual(['A', 'B', 'Host']);
      await fleet.restart(killed);
      await fleet.whole();
    }
  }, 90_000);
});
