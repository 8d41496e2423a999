import type { Room, Session } from '#libs/client';
import { applyPatches, type Sync } from '#libs/protocol';
import { type Fleet, type FleetServer, type Ledger, LedgerGame, type LedgerState, RawPlayer, startFleet, until } from './harness/index.js';

const BACKLOG_BYTES_MAX = 65_536;
/**
 * The backlog of a link, in bytes, above which the gateway answers commands with `busy`. The gateway accepts a frame as long as the backlog
 * is below this limit, so the last accepted frame can raise the backlog above the limit.
 */
const LINK_FULL_BYTES = 4_194_304;
const FRAME_BYTES_MAX = 65_536;
/** The size of the largest frame on a link, in bytes: the default of `LINK_FRAME_BYTES_MAX`. */
const LINK_FRAME_BYTES_MAX = 4_194_304;
/** Maximum number of unanswered commands of a seat. */
const UNANSWERED_MAX = 64;

describe('a fleet with slow readers', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    const env = {
      BACKLOG_BYTES_MAX: String(BACKLOG_BYTES_MAX),
      BACKLOG_TIMEOUT_MS: '1000',
      FRAME_BYTES_MAX: String(FRAME_BYTES_MAX),
      MESSAGES_PER_SECOND: '100000',
      MESSAGES_BURST: '100000',
      BYTES_PER_SECOND: '1000000000',
      BYTES_BURST: '1000000000',
      // The interval of the health checks is long, because the test would fail if the gateway evicted a server.
      HEALTH_INTERVAL_MS: '10000',
    };
    fleet = await startFleet({ gateways: 1, lobbies: 1, games: 1, testGames: { turnMs: 60_000 }, env });
  }, 60_000);
  afterAll(() => fleet.stop());

  it('sends all missed changes in one sync to a player who was disconnected as a slow reader', async () => {
    const [gateway] = fleet.gateways;
    const beside = await LedgerGame.begin(fleet);
    const { ada, bob, room } = await inALedger();
    const noted: string[] = [];
    const note = async (): Promise<void> => {
      const id = `b-${noted.length + 1}`;
      noted.push(id);
      await room.send('note', { id });
    };
    // Without pings, the gateway would close the connection as dead. In this test it must close the connection because of the backlog.
    const pinging = setInterval(() => ada.say({ kind: 'ping', nonce: 1 }), 500);
    ada.listen(false);
    const text = 'x'.repeat(50_000);
    await until(async () => {
      await room.send('shout', { text });
      return (await metric(gateway, 'holdfast_backpressure_total', 'where="player"')) > 0;
    }, 20_000);
    const others = beside.count;
    // The gateway does not send Ada the syncs of these notes. Ada receives the changes after her resume.
    for (let count = 0; count < 20; count++) await note();
    // Sends no more pings. A ping to the closed socket would reset the connection, and Ada could not read the remaining data.
    clearInterval(pinging);
    await until(async () => (await metric(gateway, 'holdfast_goodbyes_total', 'code="too-slow"')) === 1, 10_000);
    expect(beside.count - others).toBeGreaterThan(20);
    for (let count = 0; count < 20; count++) await note();

    ada.listen(true);
    await ada.isClosedByServer();
    const held = syncsOf(ada).at(-1) as Sync;
    expect(held.version).toBeLessThan(room.version - 40);
    const { session, secret } = await ada.hears('welcome');
    const { round } = await ada.hears('placed');
    const resumed = await RawPlayer.connect(gateway, 'tcp');
    resumed.say({ kind: 'hello', protocol: 1, session, secret, room: room.id, round, version: held.version });
    expect(await resumed.hears('welcome')).toMatchObject({ session, resumed: true });
    const sync = await resumed.hears('sync');
    expect(sync).toMatchObject({ from: held.version, version: room.version });
    expect(sync.missed).toBeUndefined();
    await note();
    await resumed.hears('sync', ({ version }) => version === room.version);
    expect(syncsOf(resumed).map(({ version }) => version)).toEqual([room.version - 1, room.version]);
    const seen = syncsOf(ada, resumed);
    expect(
      seen.flatMap(({ events = [] }) => events.flatMap(({ name, data }) => (name === 'noted' ? (data as { id: string }).id : []))),
    ).toEqual(noted);
    expect(stateAfter(seen).applied).toEqual([[], noted]);

    await beside.settled();
    await beside.leave();
    resumed.close();
    await room.leave();
    bob.close();
  }, 60_000);

  it('sends the whole state with `missed` to a player whose missed events exceed a link frame', async () => {
    const [gateway] = fleet.gateways;
    const { ada, bob, room } = await inALedger();
    const { session, secret } = await ada.hears('welcome');
    const { round } = await ada.hears('placed');
    const { version } = await ada.hears('sync');
    ada.close();
    const beside = await LedgerGame.begin(fleet);
    const text = 'x'.repeat(50_000);
    for (let bytes = 0; bytes <= LINK_FRAME_BYTES_MAX; bytes += text.length) await room.send('shout', { text });
    const resumed = await RawPlayer.connect(gateway, 'tcp');
    resumed.say({ kind: 'hello', protocol: 1, session, secret, room: room.id, round, version });
    const sync = await resumed.hears('sync');
    expect(sync).toMatchObject({ state: expect.anything(), missed: true });
    await room.send('note', { id: 'after' });
    // Ada's return also changes the state, perhaps after the note. So the test waits until Ada and Bob have the same version.
    await until(() => syncsOf(resumed).at(-1)?.version === room.version);
    expect(stateAfter(syncsOf(resumed))).toEqual(room.state);
    expect(beside.pauses).toEqual([]);
    await beside.settled();
    await beside.leave();
    resumed.close();
    await room.leave();
    bob.close();
  }, 40_000);

  it('refuses commands with `busy` while a game server does not read from its link', async () => {
    const [gateway] = fleet.gateways;
    const [server] = fleet.games;
    const tables = await Promise.all(Array.from({ length: 6 }, () => inALedger()));
    const payloads = Array.from({ length: UNANSWERED_MAX }, (_, index) => ({ id: `a-${index + 1}`, pad: 'x'.repeat(60_000) }));
    let floods = 0;
    /** Makes Ada of each room send `UNANSWERED_MAX` commands. Resolves when the gateway has received all of them. */
    const flood = async (at = tables): Promise<void> => {
      floods += 1;
      for (const { ada } of at) {
        for (const [index, data] of payloads.entries()) ada.say({ kind: 'command', seq: index + 1, settled: 0, name: 'note', data });
        ada.say({ kind: 'ping', nonce: floods });
      }
      await Promise.all(at.map(({ ada }) => ada.hears('pong', ({ nonce }) => nonce === floods)));
    };
    const refused = (): string[] => tables.flatMap(({ ada }) => ada.heard.flatMap((one) => (one.kind === 'rejected' ? one.code : [])));

    server.kill('SIGSTOP');
    const kept = tables.map(({ room }) => room.send('note', { id: 'kept' }));
    await flood();
    const turnedAway = refused().length;
    expect(turnedAway).toBeGreaterThan(0);
    await flood();
    expect(new Set(refused())).toEqual(new Set(['busy']));
    // The gateway accepts a few commands above the limit when the kernel buffers some bytes of the link.
    expect(refused().length - turnedAway).toBeGreaterThan(0.9 * tables.length * UNANSWERED_MAX);
    const held = await until(async () => {
      const bytes = await metric(gateway, 'holdfast_backlog_bytes', 'where="link"');
      return bytes > LINK_FULL_BYTES / 2 && bytes;
    });
    expect(held).toBeLessThan(LINK_FULL_BYTES + 2 * FRAME_BYTES_MAX);
    server.kill('SIGCONT');

    await Promise.all(kept);
    await until(async () => (await metric(gateway, 'holdfast_backlog_bytes', 'where="link"')) === 0);
    const before = refused().length;
    const ids = payloads.map(({ id }) => id);
    for (const table of tables) {
      const { ada, room } = table;
      // Sends all commands again, because the player does not know which commands were accepted. Sends the commands of one room at a time,
      // so that the backlog of the link stays below the limit.
      await flood([table]);
      await room.waitFor(({ state }) => state?.applied[0].length === ids.length, { timeoutMs: 10_000 });
      expect(room.state?.applied).toEqual([ids, ['kept']]);
      await ada.hears('sync', ({ seq }) => seq === UNANSWERED_MAX);
      expect(stateAfter(syncsOf(ada)).applied).toEqual(room.state?.applied);
      await room.send('note', { id: 'after' });
    }
    expect(refused()).toHaveLength(before);
    for (const { ada, bob } of tables) {
      ada.close();
      bob.close();
    }
  }, 60_000);

  /** Starts a game of Ada, a raw player, and Bob, a client. `room` is Bob's view of the room. */
  async function inALedger(): Promise<{ ada: RawPlayer; bob: Session; room: Room<Ledger> }> {
    const ada = await RawPlayer.welcomed(fleet.gateways[0], 'Ada', 'tcp');
    const { room: made } = (await ada.asks(1, 'rooms.create', { game: 'ledger' })).data as { room: { id: string } };
    const bob = await fleet.newPlayer('Bob');
    const room = await bob.joinRoom<Ledger>(made.id);
    await room.ready();
    expect(await ada.asks(2, 'rooms.start', {})).toMatchObject({ data: {} });
    await room.waitFor(({ status, state }) => status === 'playing' && state !== undefined, { timeoutMs: 5_000 });
    await ada.hears('sync');
    return { ada, bob, room };
  }
});

function syncsOf(...players: readonly RawPlayer[]): Sync[] {
  return players.flatMap(({ heard }) => heard.filter((message): message is Sync => message.kind === 'sync'));
}

/** Applies syncs as a client does. Each sync must begin at the version to which the previous sync led. */
function stateAfter(syncs: readonly Sync[]): LedgerState {
  let [state, at]: [unknown, number | undefined] = [undefined, undefined];
  for (const { from, version, patches, ...whole } of syncs) {
    if (patches === undefined) state = whole.state;
    else {
      expect(from).toBe(at);
      state = applyPatches(state, patches);
    }
    at = version;
  }
  return state as LedgerState;
}

async function metric(server: FleetServer, name: string, label: string): Promise<number> {
  const { text } = await server.ops('/metrics');
  return Number(new RegExp(`^${name}\\{[^}]*${label}[^}]*\\} (\\S+)`, 'm').exec(text)?.[1] ?? 0);
}
