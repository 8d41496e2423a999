import { pathToFileURL } from 'node:url';
import type { Chess } from '#games/chess';
import type { ServerId } from '#libs/protocol';
import { EventStream, type Fleet, type FleetServer, type Game, HalfOpenProxy, startFleet, until } from '../harness/index.js';

const INTERVAL_MS = 500;
const ENV = { HEALTH_INTERVAL_MS: String(INTERVAL_MS), HEALTH_GRACE_MS: '500', HEALTH_HOLD_MS: '2000' };
const SECOND = 1_000;

/** In each test some servers have faults. No other server may be evicted. */
describe('a fleet with three gateways', () => {
  let fleet: Fleet;
  let proxy: HalfOpenProxy;
  let rooms: Game<Chess>['rooms'];
  let stream: EventStream;
  beforeAll(async () => {
    fleet = await startFleet({ gateways: 3, lobbies: 2, games: 3, env: ENV });
    // The game starts before the other faulty servers start. So its owner is the server that the test suspends.
    ({ rooms } = await fleet.twoPlayersInAGame<Chess>('chess'));
    proxy = await HalfOpenProxy.to(fleet.redis.url);
    const busyLoop = pathToFileURL('test/fixtures/busy-loop.mjs').href;
    await Promise.all([
      fleet.start('game', 'busy', { NODE_OPTIONS: `--import=${busyLoop}` }),
      fleet.start('game', 'deaf', { REDIS_URL: proxy.url }),
    ]);
    await fleet.whole();
    stream = await EventStream.of(fleet.gateways[2]);
  }, 60_000);
  afterAll(async () => {
    stream.close();
    await fleet.stop();
    proxy.close();
  });

  const game = (name: string): FleetServer => fleet.games.find((server) => server.name === name) as FleetServer;

  it('evicts a hanging game server within three intervals, but not a busy or briefly suspended server', async () => {
    await rooms[0].send('move', { san: 'e4' });
    const hanging = await fleet.ownerOf(rooms[0]);
    const [napping] = fleet.games.filter((server) => ['1', '2', '3'].includes(server.name) && server !== hanging);
    await graceIsOver(fleet);
    const before = await incarnations(fleet);

    game('busy').kill('SIGUSR2');
    expect(proxy.silenceSubscribers()).toBeGreaterThan(0);
    hanging.kill('SIGSTOP');
    const stoppedAt = performance.now();
    napping.kill('SIGSTOP');
    setTimeout(() => napping.kill('SIGCONT'), 0.8 * INTERVAL_MS);

    await isDead(fleet, hanging, 10 * INTERVAL_MS);
    // The limit allows three intervals for the misses, half an interval for the votes, and 250 ms for other work of this machine.
    expect(performance.now() - stoppedAt).toBeLessThan(3.5 * INTERVAL_MS + 250);
    await rooms[1].waitFor(({ status }) => status === 'playing', { timeoutMs: 5_000 });
    await rooms[1].send('move', { san: 'e5' });

    // The proxy transfers no data until a gateway has noticed that the server is unheard. After a shorter silence, the server could answer
    // before its second miss, because it subscribes again every second or two.
    await until(() => stream.told('server.unheard', game('deaf').id).length > 0, 10 * SECOND);
    proxy.hearAgain();
    await until(() => heardAgain(fleet, game('deaf')), 10 * SECOND);

    hanging.kill('SIGCONT');
    await until(async () => (await fleet.redis.client.hget(hanging.id, 'state')) === 'ready');
    await rooms[0].send('move', { san: 'Nf3' });
    await rooms[1].waitFor(({ state }) => state?.moves.length === 3, { timeoutMs: 5_000 });

    const after = await incarnations(fleet);
    expect(changed(before, after)).toEqual([hanging.id]);
    await rooms[0].leave();
  }, 40_000);

  it('reports the reasons of evictions in the log, the metrics and the event stream', async () => {
    const evicted = stream.events.filter(({ kind }) => kind === 'server.evicted');
    expect(evicted).toEqual([expect.objectContaining({ reason: 'silent', detail: expect.objectContaining({ of: 3 }) })]);
    const { server, incarnation } = evicted[0];
    const logged = fleet.gateways.flatMap((gateway) => gateway.logged('server.evicted'));
    expect(logged).toEqual([expect.objectContaining({ target: server, incarnation, reason: 'silent' })]);
    expect(await sum(fleet, 'holdfast_evictions_total', 'type="game",reason="silent"')).toBe(1);

    const { id } = game('deaf');
    expect(stream.told('eviction.held', id)).toContainEqual(expect.objectContaining({ reason: 'unheard' }));
    expect(fleet.gateways.flatMap((gateway) => gateway.logged('eviction.held'))).toContainEqual(
      expect.objectContaining({ target: id, held: 'unheard' }),
    );
    expect(await sum(fleet, 'holdfast_evictions_held_total', 'reason="unheard"')).toBeGreaterThan(0);
    expect(stream.told('server.unheard', id)).toContainEqual(expect.objectContaining({ reason: 'answers-its-link-only' }));
    expect(stream.told('server.heard', id)).not.toEqual([]);
  });

  it('evicts half of its servers within 5 s after these servers are killed', async () => {
    const killed = [fleet.gateways[0], fleet.gateways[1], fleet.lobbies[0], fleet.games[0], game('busy')];
    const spared = fleet.servers.filter((server) => !killed.includes(server));
    await until(async () => (await Promise.all(spared.map((server) => heardAgain(fleet, server)))).every(Boolean), 10 * SECOND);
    const before = await incarnations(fleet);
    for (const server of killed) server.kill();
    await Promise.all(killed.map(({ exited }) => exited));
    const killedAt = performance.now();
    await Promise.all(killed.map((server) => isDead(fleet, server, 10 * SECOND)));
    expect(performance.now() - killedAt).toBeLessThan(5 * SECOND);
    const ids = spared.map(({ id }) => id);
    expect(changed(before, await incarnations(fleet)).filter((id) => ids.includes(id as ServerId))).toEqual([]);
    await fleet.whole();
    await (await fleet.twoPlayersInAGame('chess', [{ gateway: fleet.gateways[2] }, { gateway: fleet.gateways[2] }])).rooms[0].leave();
  }, 40_000);
});

/** Waits until each server has been registered for longer than `HEALTH_GRACE_MS`. Before that, missed checks do not lead to an eviction. */
async function graceIsOver(fleet: Fleet): Promise<void> {
  const { client } = fleet.redis;
  await until(async () => {
    const [seconds] = await client.time();
    const times = await Promise.all(fleet.servers.map(({ id }) => client.hget(id, 'registeredAt')));
    return times.every((at) => Number(seconds) * SECOND - Number(at) > 2 * SECOND);
  });
}

async function incarnations(fleet: Fleet): Promise<Map<string, string>> {
  const entries = fleet.servers.map(async ({ id }) => {
    const [state, incarnation] = await fleet.redis.client.hmget(id, 'state', 'incarnation');
    return [id, `${state} ${incarnation}`] as const;
  });
  return new Map(await Promise.all(entries));
}

function changed(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...before.keys()].filter((id) => before.get(id) !== after.get(id));
}

async function isDead(fleet: Fleet, { id }: FleetServer, withinMs: number): Promise<void> {
  await until(async () => (await fleet.redis.client.hget(id, 'state')) === 'dead', withinMs);
}

async function heardAgain(fleet: Fleet, { id }: FleetServer): Promise<boolean> {
  const [state, suspect, unheard] = await fleet.redis.client.hmget(id, 'state', 'suspect', 'unheard');
  return state === 'ready' && (suspect ?? '0') === '0' && (unheard ?? '0') === '0';
}

/** Sums one metric with these labels over all living gateways. */
async function sum(fleet: Fleet, name: string, labels: string): Promise<number> {
  const pages = await Promise.all(fleet.gateways.filter(({ exit }) => !exit).map((server) => server.ops('/metrics')));
  return pages
    .flatMap(({ text }) => text.split('\n').filter((line) => line.startsWith(`${name}{`) && line.includes(labels)))
    .reduce((all, line) => all + Number(line.split(' ').at(-1)), 0);
}
