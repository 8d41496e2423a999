import type { Operations } from '#libs/protocol';
import { type Fleet, RawPlayer, startFleet } from '../harness/index.js';

const HEALTH_INTERVAL_MS = 300;
/** What a woken lobby does, it does at once; looked at for this long. */
const WATCHED_MS = 1_500;

type Me = Operations['me']['result'];
type View = NonNullable<Me['room']>;

/** A raw player who numbers their own requests. */
class Asker {
  private id = 0;

  private constructor(private readonly player: RawPlayer) {}

  static async at(fleet: Fleet, name: string): Promise<Asker> {
    const asker = new Asker(await RawPlayer.welcomed(fleet.gateways[0], name));
    // It keeps the lobby of its first request.
    await asker.me();
    return asker;
  }

  async ask<T>(operation: string, data?: unknown): Promise<T> {
    this.id += 1;
    const { data: result, error } = await this.player.asks(this.id, operation, data);
    if (error) throw Object.assign(new Error(error.code), { code: error.code });
    return result as T;
  }

  me(): Promise<Me> {
    return this.ask('me');
  }

  async create(): Promise<View> {
    return (await this.ask<{ room: View }>('rooms.create', { game: 'tic-tac-toe' })).room;
  }

  close(): void {
    this.player.close();
  }
}

describe('a lobby that hangs with requests, and wakes when their players have moved on', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    const env = { HEALTH_INTERVAL_MS: String(HEALTH_INTERVAL_MS), HEALTH_GRACE_MS: '0' };
    fleet = await startFleet({ gateways: 1, lobbies: 2, games: 1, env });
  }, 60_000);
  afterAll(() => fleet.stop());

  it('carries out none of them: nobody is put into a room, made ready, started or matched', async () => {
    // One after the other, so that each two are at different lobbies.
    const players: Asker[] = [];
    for (let index = 0; index < 16; index += 1) players.push(await Asker.at(fleet, `Player ${index + 1}`));
    const pair = (index: number): Asker[] => players.slice(2 * index, 2 * index + 2);
    const hosts = [...pair(0), ...pair(1), ...pair(2)];
    const rooms: View[] = [];
    for (const host of hosts) rooms.push(await host.create());
    const [creators, joiners, finders, readiers, starters] = [pair(3), pair(4), pair(5), pair(6), pair(7)];
    for (const [index, player] of readiers.entries()) await player.ask('rooms.join', { room: rooms[index].id });
    for (const player of starters) await player.create();

    const [hung] = fleet.lobbies;
    hung.kill('SIGSTOP');
    const late = async (two: readonly Asker[], ask: (player: Asker, index: number) => Promise<unknown>) => {
      const outcomes = await Promise.allSettled(two.map(ask));
      const codes = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? null : outcome.reason.code));
      expect(codes.filter((code) => code === 'server-lost')).toHaveLength(1);
      const index = codes.indexOf('server-lost');
      return { player: two[index], other: two[1 - index] };
    };
    const [creator, joiner, finder, readier, starter] = await Promise.all([
      late(creators, (player) => player.create()),
      late(joiners, (player, index) => player.ask('rooms.join', { room: rooms[2 + index].id })),
      late(finders, (player) => player.ask('match.find', { game: 'chess' })),
      late(readiers, (player) => player.ask('rooms.ready')),
      late(starters, (player) => player.ask('rooms.start')),
    ]);
    // The readier goes to another room, and is not ready there; the finder has a room; the starter gets a partner who is ready.
    await readier.player.ask('rooms.leave');
    await readier.player.ask('rooms.join', { room: rooms[4].id });
    const findersRoom = await finder.player.create();
    const startersRoom = (await starter.player.me()).room as View;
    await joiner.player.ask('rooms.join', { room: startersRoom.id });
    await joiner.player.ask('rooms.ready');
    const joinersReady = async () => (await joiner.player.me()).room;

    hung.kill('SIGCONT');
    await fleet.whole();
    const watchedUntil = performance.now() + WATCHED_MS;
    while (performance.now() < watchedUntil) {
      expect((await creator.player.me()).room).toBeNull();
      expect((await readier.player.me()).room?.members.map(({ ready }) => ready)).toEqual([false, false]);
      expect(await finder.player.me()).toMatchObject({ room: { id: findersRoom.id }, searching: null });
      expect(await finder.other.me()).toMatchObject({ room: null, searching: 'chess' });
      expect(await joinersReady()).toMatchObject({ id: startersRoom.id, status: 'waiting', members: [{}, { ready: true }] });
      for (const room of rooms.slice(2, 4)) {
        const listed = await readier.player.ask<{ rooms: { id: string; players: number }[] }>('rooms.list');
        const others = joiner.other === joiners[rooms.indexOf(room) - 2] ? 2 : 1;
        expect(listed.rooms.find(({ id }) => id === room.id)?.players).toBe(others);
      }
    }
    for (const player of players) player.close();
  }, 40_000);
});
