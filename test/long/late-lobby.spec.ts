import type { Operations } from '#libs/protocol';
import { type Fleet, RawPlayer, startFleet } from '../harness/index.js';

const SECOND = 1_000;
const HEALTH_INTERVAL_MS = 300;
/** Time for which the test observes a lobby after its suspension, in ms. The lobby handles the old requests right after the suspension. */
const WATCHED_MS = 1_500;
const SEAT_GRACE_MS = 4 * SECOND;

type Me = Operations['me']['result'];
type View = NonNullable<Me['room']>;

/** A `RawPlayer` that numbers its requests. */
class Asker {
  private id = 0;

  private constructor(private readonly player: RawPlayer) {}

  static async at(fleet: Fleet, name: string): Promise<Asker> {
    const asker = new Asker(await RawPlayer.welcomed(fleet.gateways[0], name));
    // Makes the gateway choose a lobby for each player. The gateway then sends all requests of the player to this lobby.
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

describe('a suspended lobby with outdated requests of players', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    // The limit of messages per second is high, because the test sends requests in a loop.
    const env = { HEALTH_INTERVAL_MS: String(HEALTH_INTERVAL_MS), HEALTH_GRACE_MS: '0', MESSAGES_BURST: '100000' };
    fleet = await startFleet({ gateways: 1, lobbies: 2, games: 1, env });
  }, 60_000);
  afterAll(() => fleet.stop());

  it('executes none of the outdated requests', async () => {
    // The players log in one after another, so that the two players of each pair have different lobbies.
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
    // Each player now gets into a situation that the late request would disturb. `readier` enters another room and is not ready there,
    // `finder` creates a room, and `starter` gets a partner who is ready.
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

describe('the presence of players at a suspended server', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    const env = { HEALTH_INTERVAL_MS: String(HEALTH_INTERVAL_MS), HEALTH_GRACE_MS: '0', SEAT_GRACE_MS: String(SEAT_GRACE_MS) };
    fleet = await startFleet({ gateways: 2, lobbies: 2, games: 1, env });
  }, 60_000);
  afterAll(() => fleet.stop());

  it('is not changed by a late report of a dead gateway', async () => {
    const [first, second] = fleet.gateways;
    const [bob, dora] = await Promise.all([fleet.newPlayer('Bob', { gateway: second }), fleet.newPlayer('Dora', { gateway: second })]);
    const rooms = [await bob.createRoom({ game: 'tic-tac-toe' }), await dora.createRoom({ game: 'tic-tac-toe' })];
    // The players join one after another, so that the two players have different lobbies.
    const guests: RawPlayer[] = [];
    for (const [index, name] of ['Ada', 'Cy'].entries()) {
      const guest = await RawPlayer.welcomed(first, name);
      expect((await guest.asks(1, 'rooms.join', { room: rooms[index].id })).error).toBeUndefined();
      guests.push(guest);
    }
    const [hung] = fleet.lobbies;
    hung.kill('SIGSTOP');
    for (const guest of guests) {
      const { session, secret } = await guest.hears('welcome');
      const back = await RawPlayer.connect(first);
      back.say({ kind: 'hello', protocol: 1, session, secret });
      expect(await back.hears('welcome')).toMatchObject({ resumed: true });
      // The gateway reports the presence of this player before it sends the pong.
      back.say({ kind: 'ping', nonce: 1 });
      await back.hears('pong');
    }
    first.kill();
    await Promise.all(rooms.map((room) => room.waitFor(isAway, { timeoutMs: 10 * SECOND })));
    hung.kill('SIGCONT');
    const isGone = ({ view }: { view: View }) => view.members.length === 1;
    await Promise.all(rooms.map((room) => room.waitFor(isGone, { timeoutMs: SEAT_GRACE_MS + 8 * SECOND })));
    for (const room of rooms) await room.leave();
    await fleet.restart(first);
    await fleet.whole();
  }, 60_000);

  it('is restored when the suspended gateway of the players continues', async () => {
    const [first, second] = fleet.gateways;
    const bob = await fleet.newPlayer('Bob', { gateway: second });
    const room = await bob.createRoom({ game: 'tic-tac-toe' });
    const ada = await RawPlayer.welcomed(first, 'Ada');
    expect((await ada.asks(1, 'rooms.join', { room: room.id })).error).toBeUndefined();
    first.kill('SIGSTOP');
    await room.waitFor(isAway, { timeoutMs: 10 * SECOND });
    first.kill('SIGCONT');
    await room.waitFor(({ view }) => view.members[1]?.here === true, { timeoutMs: 8 * SECOND });
    expect((await ada.asks(2, 'rooms.ready')).error).toBeUndefined();
    ada.close();
    await room.leave();
  }, 40_000);

  function isAway({ view }: { view: View }): boolean {
    return view.members[1]?.here === false;
  }
});
