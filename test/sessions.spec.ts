import type { Room } from '#libs/client';
import type { Welcome } from '#libs/protocol';
import { type Fleet, type FleetServer, type Ledger, RawPlayer, startFleet, until } from './harness/index.js';

const SECOND = 1_000;
const SEAT_GRACE_MS = 4 * SECOND;

describe('a session', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    const env = { SEAT_GRACE_MS: String(SEAT_GRACE_MS), CONNECTION_TIMEOUT_MS: '3000' };
    fleet = await startFleet({ gateways: 2, lobbies: 1, games: 1, testGames: { turnMs: 60_000 }, env });
  }, 60_000);
  afterAll(() => fleet.stop());

  describe('whose gateway is gone without a word', () => {
    it('is away for its room, comes back at another gateway, and is gone after the grace; who resumes at once was never away', async () => {
      const [first, second] = fleet.gateways;
      const [bob, dora] = await Promise.all([fleet.newPlayer('Bob', { gateway: second }), fleet.newPlayer('Dora', { gateway: second })]);
      const ada = await RawPlayer.welcomed(first, 'Ada');
      const cy = await RawPlayer.welcomed(first, 'Cy');
      const quick = await fleet.newPlayer('Quick', { gateway: first });
      const asRoom = async (player: RawPlayer) =>
        ((await player.asks(1, 'rooms.create', { game: 'tic-tac-toe' })).data as { room: { id: string } }).room.id;
      const adas = await bob.joinRoom(await asRoom(ada));
      const cys = await dora.joinRoom(await asRoom(cy));
      const quicks = await quick.createRoom({ game: 'tic-tac-toe' });
      const watcher = await fleet.newPlayer('Watcher', { gateway: second });
      const watched = await watcher.joinRoom(quicks.id);
      const seen: boolean[] = [];
      watched.on('view', ({ members }) => seen.push(members.every(({ here }) => here)));

      first.kill();
      await adas.waitFor(({ view }) => !isHere(view, 'Ada'), { timeoutMs: 8 * SECOND });
      await cys.waitFor(({ view }) => !isHere(view, 'Cy'), { timeoutMs: 8 * SECOND });
      const resumed = await resume(second, await ada.hears('welcome'));
      await adas.waitFor(({ view }) => isHere(view, 'Ada'), { timeoutMs: 2 * SECOND });
      await cys.waitFor(({ view }) => view.members.length === 1 && view.owner === dora.user, { timeoutMs: SEAT_GRACE_MS + 8 * SECOND });
      expect(adas.view.members).toHaveLength(2);
      expect(seen).not.toContain(false);
      expect(quick.status).toBe('open');
      expect(await fleet.redis.client.smembers('hf:session-holders')).toHaveLength(1);
      resumed.close();
      await Promise.all([adas, cys, quicks, watched].map((room) => room.leave()));
      await fleet.restart(first);
      await fleet.whole();
    }, 60_000);

    it('is away for its game, and back', async () => {
      const [first, second] = fleet.gateways;
      const { ada, room } = await inALedger(first, second);
      first.kill();
      await room.waitFor(({ state }) => state?.presence.join() === '0 away', { timeoutMs: 8 * SECOND });
      const resumed = await resume(second, await ada.hears('welcome'));
      await room.waitFor(({ state }) => state?.presence.join() === '0 away,0 back', { timeoutMs: 2 * SECOND });
      resumed.close();
      await room.leave();
      await fleet.restart(first);
      await fleet.whole();
    }, 30_000);
  });

  it('whose gateway said goodbye, and that does not come back, is away all the same', async () => {
    const [first, second] = fleet.gateways;
    const ada = await RawPlayer.welcomed(first, 'Ada');
    const { room } = (await ada.asks(1, 'rooms.create', { game: 'tic-tac-toe' })).data as { room: { id: string } };
    const bob = await fleet.newPlayer('Bob', { gateway: second });
    const bobs = await bob.joinRoom(room.id);
    first.kill('SIGTERM');
    expect(await ada.hears('goodbye')).toMatchObject({ code: 'shutting-down', retryAfterMs: 0 });
    await bobs.waitFor(({ view }) => !isHere(view, 'Ada'), { timeoutMs: 8 * SECOND });
    await bobs.waitFor(({ view }) => view.members.length === 1, { timeoutMs: SEAT_GRACE_MS + 8 * SECOND });
    await bobs.leave();
    await first.exited;
    await fleet.restart(first);
    await fleet.whole();
  }, 30_000);

  /** Ada, a raw player at `first`, and a client at `second`, in one game; the room is the client's. */
  async function inALedger(first: FleetServer, second: FleetServer): Promise<{ ada: RawPlayer; room: Room<Ledger> }> {
    const ada = await RawPlayer.welcomed(first, 'Ada');
    const { room: made } = (await ada.asks(1, 'rooms.create', { game: 'ledger' })).data as { room: { id: string } };
    const bob = await fleet.newPlayer('Bob', { gateway: second });
    const room = await bob.joinRoom<Ledger>(made.id);
    await room.ready();
    expect(await ada.asks(2, 'rooms.start', {})).toMatchObject({ data: {} });
    await room.waitFor(({ status, state }) => status === 'playing' && state !== undefined, { timeoutMs: 5 * SECOND });
    await ada.hears('sync');
    return { ada, room };
  }
});

function isHere({ members }: { members: readonly { name: string; here: boolean }[] }, who: string): boolean {
  return members.some(({ name, here }) => name === who && here);
}

async function resume(gateway: FleetServer, { session, secret }: Welcome): Promise<RawPlayer> {
  const player = await RawPlayer.connect(gateway);
  player.say({ kind: 'hello', protocol: 1, session, secret });
  expect(await player.hears('welcome')).toMatchObject({ session, resumed: true });
  await until(() => !player.isClosed);
  return player;
}
