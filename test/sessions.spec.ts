import type { TicTacToe } from '#games/tic-tac-toe';
import { connect, type Room } from '#libs/client/node';
import type { Welcome } from '#libs/protocol';
import { redisName } from '#libs/redis';
import {
  CuttableProxy,
  type Fleet,
  type FleetServer,
  type Ledger,
  QuietProxy,
  RawPlayer,
  startFleet,
  until,
  type Way,
} from './harness/index.js';

const SECOND = 1_000;
const SEAT_GRACE_MS = 4 * SECOND;
const CONNECTION_TIMEOUT_MS = 3 * SECOND;
/**
 * Maximum time from the timeout of a connection until its gateway notices the timeout, in ms. Gateways check their connections once a
 * second.
 */
const NOTICE_MS_MAX = 1_500;

describe('the session of a player', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    const env = {
      SEAT_GRACE_MS: String(SEAT_GRACE_MS),
      CONNECTION_TIMEOUT_MS: String(CONNECTION_TIMEOUT_MS),
      BACKLOG_TIMEOUT_MS: '3000',
      MESSAGES_PER_SECOND: '5000',
      MESSAGES_BURST: '5000',
      BYTES_PER_SECOND: '100000000',
      BYTES_BURST: '100000000',
      // A test suspends a server for seconds. The server then misses several checks, but must not be evicted.
      HEALTH_MAX_MISSES: '8',
    };
    fleet = await startFleet({ gateways: 2, lobbies: 1, games: 1, testGames: { turnMs: 60_000 }, env });
  }, 60_000);
  afterAll(() => fleet.stop());

  describe('after the sudden loss of its gateway', () => {
    it('shows the player as away until a resume at another gateway, but not when the client resumes immediately', async () => {
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
      expect(await fleet.redis.client.smembers(redisName('session-holders'))).toHaveLength(1);
      resumed.close();
      await Promise.all([adas, cys, quicks, watched].map((room) => room.leave()));
      await fleet.restart(first);
      await fleet.whole();
    }, 60_000);

    it('causes a seat event in the game when the player is marked as away, and another seat event after the resume', async () => {
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

  it('shows the player as away when the client does not resume after the `goodbye` message of a stopping gateway', async () => {
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

  it('continues at another gateway with a new secret, while the old secret becomes invalid', async () => {
    const [first, second] = fleet.gateways;
    const ada = await RawPlayer.welcomed(first, 'Ada');
    const welcome = await ada.hears('welcome');
    const resumed = await resume(second, welcome);
    expect(await ada.hears('goodbye')).toMatchObject({ code: 'replaced' });
    const next = await resumed.hears('welcome');
    expect(next.secret).not.toBe(welcome.secret);
    // The first message on the new connection shows that the client has the new secret. From then on, the old secret is invalid.
    await resumed.asks(1, 'me');
    const key = redisName(`session:${welcome.session}`);
    await until(async () => (await fleet.redis.client.hexists(key, 'previous')) === 0);
    for (const gateway of [first, second]) {
      const thief = await RawPlayer.connect(gateway);
      thief.say({ kind: 'hello', protocol: 1, session: welcome.session, secret: welcome.secret });
      expect(await thief.hears('goodbye')).toMatchObject({ code: 'session-unknown' });
    }
    expect(await resumed.asks(2, 'me')).toMatchObject({ data: {} });
    resumed.close();
  }, 20_000);

  it('continues at another gateway before the first gateway notices the dead connection', async () => {
    const [first, second] = fleet.gateways;
    const proxy = await CuttableProxy.to({ port: Number(new URL(first.publicUrl).port) });
    const ada = await connect([`ws://127.0.0.1:${proxy.port}/play`, second.publicUrl], { name: 'Ada' });
    const bob = await fleet.newPlayer('Bob', { gateway: second });
    const adas = await ada.createRoom<TicTacToe>({ game: 'tic-tac-toe' });
    const bobs = await bob.joinRoom<TicTacToe>(adas.id);
    await bobs.ready();
    await adas.start();
    await adas.waitFor(({ state }) => state !== undefined, { timeoutMs: 5 * SECOND });
    const away: string[] = [];
    bobs.on('view', ({ members }) => away.push(...members.filter(({ here }) => !here).map(({ name }) => name)));
    proxy.cut();
    const moves = await Promise.allSettled([adas.send('place', { cell: 0 }), adas.send('place', { cell: 1 })]);
    expect(moves.map((move) => (move.status === 'rejected' ? move.reason.code : 'made'))).toEqual(['made', 'not-your-turn']);
    await bobs.waitFor(({ version }) => version === adas.version, { timeoutMs: 5 * SECOND });
    expect(bobs.state).toMatchObject({ moves: 1, turn: 1 });
    // The first gateway now receives the bytes that were sent during the cut. They must change nothing.
    proxy.mend();
    await until(async () => !/holdfast_connections\{[^}]*\} [1-9]/.test((await first.ops('/metrics')).text));
    expect((await bob.me()).room?.members).toMatchObject([
      { name: 'Ada', here: true },
      { name: 'Bob', here: true },
    ]);
    expect(away).toEqual([]);
    expect(adas.state).toEqual(bobs.state);
    ada.close();
    bob.close();
    proxy.close();
  }, 20_000);

  describe('on a silent connection', () => {
    it('ends after the timeout, unless the client sends pings', async () => {
      const [gateway] = fleet.gateways;
      const [silent, living] = [await RawPlayer.welcomed(gateway, 'Silent', 'tcp'), await RawPlayer.welcomed(gateway, 'Living', 'tcp')];
      const pinging = setInterval(() => living.say({ kind: 'ping', nonce: 1 }), 200);
      try {
        const since = performance.now();
        expect(await silent.hears('goodbye')).toMatchObject({ code: 'timed-out', retryAfterMs: 1_000 });
        expect(performance.now() - since).toBeLessThan(CONNECTION_TIMEOUT_MS + NOTICE_MS_MAX);
        gateway.kill('SIGSTOP');
        await new Promise((resolve) => setTimeout(resolve, CONNECTION_TIMEOUT_MS + SECOND));
        gateway.kill('SIGCONT');
        const { length } = living.heard;
        await until(() => living.heard.length > length + 20);
        expect(living.heard.some(({ kind }) => kind === 'goodbye')).toBe(false);
      } finally {
        clearInterval(pinging);
        living.close();
      }
    }, 20_000);

    it('continues while the client, such as a throttled tab, answers WebSocket pings', async () => {
      const throttled = await RawPlayer.welcomed(fleet.gateways[0], 'Throttled', 'binary');
      await new Promise((resolve) => setTimeout(resolve, 2 * CONNECTION_TIMEOUT_MS));
      expect(throttled.isClosed).toBe(false);
      expect(throttled.heard.map(({ kind }) => kind)).toEqual(['welcome']);
      throttled.close();
    }, 20_000);

    it('continues at another gateway before the timeout', async () => {
      const [first, second] = fleet.gateways;
      const proxy = await QuietProxy.before(Number(new URL(first.tcpUrl).port));
      const ada = await connect([`tcp://127.0.0.1:${proxy.port}`, second.tcpUrl], { name: 'Ada' });
      const bob = await fleet.newPlayer('Bob', { gateway: second });
      const made = await ada.createRoom<Ledger>({ game: 'ledger' });
      const room = await bob.joinRoom<Ledger>(made.id);
      await room.ready();
      await made.start();
      await made.waitFor(({ state }) => state !== undefined, { timeoutMs: 5 * SECOND });
      await made.send('note', { id: 'a' });
      proxy.swallow();
      const since = performance.now();
      await Promise.all([made.send('note', { id: 'b' }), room.send('note', { id: 'c' })]);
      expect(performance.now() - since).toBeLessThan(CONNECTION_TIMEOUT_MS);
      await until(() => made.state?.applied[0].join() === 'a,b' && made.state.applied[1].join() === 'c');
      await until(() => room.state?.applied[0].join() === 'a,b');
      expect(ada.status).toBe('open');
      proxy.close();
      await Promise.all([made.leave(), room.leave()]);
      ada.close();
    }, 20_000);
  });

  it('receives `paused` while the game server hangs', async () => {
    const { players, rooms } = await fleet.twoPlayersInAGame<Ledger>('ledger');
    const told: string[] = [];
    for (const room of rooms) {
      room.on('pause', (reason) => told.push(reason));
      room.on('resume', () => told.push('resumed'));
    }
    const [server] = fleet.games;
    server.kill('SIGSTOP');
    const stoppedAt = performance.now();
    const answered = rooms[0].send('note', { id: 'a' });
    await until(() => told.length === 2, 4 * SECOND);
    expect(performance.now() - stoppedAt).toBeLessThan(2.5 * SECOND);
    expect(told).toEqual(['server-silent', 'server-silent']);
    const kept = rooms[1].send('note', { id: 'b' });
    server.kill('SIGCONT');
    await Promise.all([answered, kept]);
    await until(() => told.length === 4);
    expect(told.slice(2)).toEqual(['resumed', 'resumed']);
    await rooms[0].waitFor(({ state }) => state?.applied.join() === 'a,b', { timeoutMs: 2 * SECOND });
    for (const room of rooms) await room.leave();
    for (const player of players) player.close();
  }, 20_000);

  it('gets all missed changes in one sync when a slow client reads again', async () => {
    const [first, second] = fleet.gateways;
    const { ada, room } = await inALedger(first, second, 'tcp');
    const backpressure = async () =>
      Number(/^holdfast_backpressure_total\{[^}]*where="player"[^}]*\} (\d+)/m.exec((await first.ops('/metrics')).text)?.[1] ?? 0);
    const before = await backpressure();
    // Ada reads nothing, but her pings keep the connection alive, even on a busy machine.
    const pinging = setInterval(() => ada.say({ kind: 'ping', nonce: 1 }), 500);
    const text = 'x'.repeat(15_000);
    let tookMs: number[] = [];
    const shout = async () => {
      const since = performance.now();
      await room.send('shout', { text });
      tookMs.push(performance.now() - since);
    };
    for (let round = 0; round < 5; round++) await Promise.all(Array.from({ length: 8 }, shout));
    const usualMs = median(tookMs);
    tookMs = [];
    ada.listen(false);
    const shoutUntilItIsTooMuch = async (since: number) =>
      until(async () => {
        await Promise.all(Array.from({ length: 8 }, shout));
        return (await backpressure()) > since;
      }, 40 * SECOND);
    await shoutUntilItIsTooMuch(before);
    // The kernel sometimes accepts a few more bytes, which ends the backpressure for a moment. So the test sends more events.
    for (let more = 0; more < 10; more++) await Promise.all(Array.from({ length: 8 }, shout));
    for (let more = 0; more < 20; more++) await shout();
    const { length } = ada.heard;
    ada.listen(true);
    const { version } = room;
    await ada.hears('sync', (sync) => sync.version >= version);
    const versions = ada.heard.slice(length).flatMap((message) => (message.kind === 'sync' ? message.version : []));
    expect(versions.some((at, index) => index > 0 && at > versions[index - 1] + 15)).toBe(true);
    // The limit is high for a busy machine. If a slow reader blocked other players, they would wait for seconds.
    expect(median(tookMs)).toBeLessThan(10 * usualMs + 250);

    // Uses a new connection, because the kernel would buffer megabytes for a connection that has already received megabytes.
    const back = await resume(first, await ada.hears('welcome'), 'tcp');
    await back.hears('sync');
    const staying = setInterval(() => back.say({ kind: 'ping', nonce: 1 }), 500);
    back.listen(false);
    await shoutUntilItIsTooMuch(await backpressure());
    const shouting = setInterval(() => void shout().catch(() => {}), 5);
    await until(async () => (await connectionsOf(first)) === 0, 30 * SECOND).finally(() => {
      for (const timer of [shouting, staying, pinging]) clearInterval(timer);
    });
    const resumed = await resume(second, await back.hears('welcome'));
    await resumed.hears('sync', (sync) => sync.version >= version);
    resumed.close();
    back.close();
    ada.close();
    await room.leave();
  }, 120_000);

  async function connectionsOf(gateway: FleetServer): Promise<number> {
    const { text } = await gateway.ops('/metrics');
    return Number(/^holdfast_connections\{[^}]*transport="tcp"[^}]*\} (\d+)/m.exec(text)?.[1] ?? 0);
  }

  /**
   * Starts a game with two players. Ada is a `RawPlayer` at `first`, and the other player uses a client at `second`. `room` is the room
   * object of that client.
   */
  async function inALedger(first: FleetServer, second: FleetServer, way: Way = 'json'): Promise<{ ada: RawPlayer; room: Room<Ledger> }> {
    const ada = await RawPlayer.welcomed(first, 'Ada', way);
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

async function resume(gateway: FleetServer, { session, secret }: Welcome, way: Way = 'json'): Promise<RawPlayer> {
  const player = await RawPlayer.connect(gateway, way);
  player.say({ kind: 'hello', protocol: 1, session, secret });
  expect(await player.hears('welcome')).toMatchObject({ session, resumed: true });
  await until(() => !player.isClosed);
  return player;
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
}
