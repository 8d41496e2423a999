import { rm } from 'node:fs/promises';
import { EventStream, type Fleet, type FleetOptions, startFleet, until } from '../harness/index.js';

const INTERVAL_MS = 500;
const ENV = { HEALTH_INTERVAL_MS: String(INTERVAL_MS), HEALTH_GRACE_MS: '500', HEALTH_HOLD_MS: '2000' };
const AWAY_MS = 10_000;
/**
 * Duration of a short suspension, in ms. It is long enough that the gateway begins its next round of checks too late, but too short for the
 * timeout of a Redis command.
 */
const SHORT_SLEEP_MS = INTERVAL_MS;
const SECOND = 1_000;

/** The test mostly waits. So it runs three fleets with different faults at the same time. */
describe('a fleet whose gateways or Redis are suspended', () => {
  const fleets: Fleet[] = [];
  const streams: EventStream[] = [];
  afterEach(async () => {
    for (const stream of streams.splice(0)) stream.close();
    await Promise.all(fleets.splice(0).map((fleet) => fleet.stop()));
  });

  async function start(options: FleetOptions): Promise<{ fleet: Fleet; stream: EventStream }> {
    const fleet = await startFleet({ ...options, env: ENV });
    fleets.push(fleet);
    const stream = await EventStream.of(fleet.gateways[fleet.gateways.length - 1]);
    streams.push(stream);
    return { fleet, stream };
  }

  it('evicts no healthy server after a suspension of ten seconds', async () => {
    const [only, three, store] = await Promise.all([
      start({ gateways: 1, lobbies: 1, games: 2 }),
      start({ gateways: 3, lobbies: 1, games: 2 }),
      start({ gateways: 2, lobbies: 1, games: 2 }),
    ]);
    const all = [only, three, store];
    const before = await Promise.all(all.map(({ fleet }) => lives(fleet)));
    const [sleeper] = three.fleet.gateways;
    only.fleet.gateways[0].kill('SIGSTOP');
    sleeper.kill('SIGSTOP');
    store.fleet.redis.pause();
    await new Promise((resolve) => setTimeout(resolve, AWAY_MS));
    // The suspended gateway is evicted, because the two other gateways agree that it does not answer.
    expect(await three.fleet.redis.client.hmget(sleeper.id, 'state', 'deadReason')).toEqual(['dead', 'silent']);
    only.fleet.gateways[0].kill('SIGCONT');
    sleeper.kill('SIGCONT');
    store.fleet.redis.resume();

    await Promise.all(all.map(({ fleet }) => judgedAgain(fleet)));
    const after = await Promise.all(all.map(({ fleet }) => lives(fleet)));
    expect(after[0]).toEqual(before[0]);
    expect(after[2]).toEqual(before[2]);
    expect(changed(before[1], after[1])).toEqual([sleeper.id]);
    expect(after[1].get(sleeper.id)).toMatch(/^ready/);

    const evicted = all.map(({ stream }) => stream.events.filter(({ kind }) => kind === 'server.evicted').map(({ server }) => server));
    expect(evicted).toEqual([[], [sleeper.id], []]);
    await tellsOfAShortSleep(only);
    expect(only.fleet.gateways[0].logged('health.round-void')).toContainEqual(expect.objectContaining({ reason: 'loop-late' }));
    const { text } = await store.fleet.gateways[0].ops('/metrics');
    expect(text).toMatch(/^holdfast_health_rounds_void_total\{[^}]*reason="(store-slow|store-unreachable|no-echo)"[^}]*\} [1-9]/m);

    await redisComesBackAsAnother(store, before[2]);
    // The gateways still check the servers correctly: they evict a killed server, and no other server.
    const [killed] = store.fleet.games;
    killed.kill();
    await until(async () => (await store.fleet.redis.client.hget(killed.id, 'state')) === 'dead', 3 * SECOND);
    expect(changed(before[2], await lives(store.fleet))).toEqual([killed.id]);
  }, 90_000);

  /**
   * Suspends the gateway briefly and checks that it publishes `loop-late`. After a long suspension this event can be lost, because
   * connections to Redis time out.
   */
  async function tellsOfAShortSleep({ fleet, stream }: { fleet: Fleet; stream: EventStream }) {
    const [gateway] = fleet.gateways;
    const lastOf = (event: string): number => Date.parse(String(gateway.logged(event).at(-1)?.time));
    await until(() => lastOf('health.trust-restored') >= lastOf('health.round-void'), 15 * SECOND);
    gateway.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, SHORT_SLEEP_MS));
    gateway.kill('SIGCONT');
    await until(() => reasons(stream).includes('loop-late'), 3 * SECOND);
  }

  async function redisComesBackAsAnother({ fleet, stream }: { fleet: Fleet; stream: EventStream }, before: Map<string, string>) {
    await fleet.redis.client.flushall();
    await judgedAgain(fleet);
    expect(await lives(fleet)).toEqual(before);
    await fleet.redis.kill();
    await rm(fleet.redis.dir, { recursive: true, force: true });
    await fleet.redis.startAgain();
    await judgedAgain(fleet);
    expect(await lives(fleet)).toEqual(before);
    for (const server of fleet.servers) expect(server.logged('server.condemned')).toEqual([]);
    expect(stream.events.filter(({ kind }) => kind === 'server.evicted')).toEqual([]);
    const said = fleet.gateways.flatMap((gateway) => gateway.logged('health.round-void')).map(({ reason }) => reason);
    expect(said).toContain('store-restarted');
  }
});

const reasons = (stream: EventStream): string[] => stream.events.filter(({ kind }) => kind === 'health.void').map(({ reason }) => reason);

async function lives(fleet: Fleet): Promise<Map<string, string>> {
  const entries = fleet.servers.map(async ({ id }) => {
    const record = await fleet.redis.client.hmget(id, 'state', 'incarnation');
    return [id, record.join(' ')] as const;
  });
  return new Map(await Promise.all(entries));
}

function changed(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...before.keys()].filter((id) => before.get(id) !== after.get(id));
}

/** Waits until all servers are ready and have found each other. Then waits until each server has answered about four further checks. */
async function judgedAgain(fleet: Fleet): Promise<void> {
  await until(async () => [...(await lives(fleet)).values()].every((record) => record.startsWith('ready')), 15 * SECOND);
  await fleet.whole();
  const before = await healthy(fleet);
  await until(async () => (await healthy(fleet)) >= before + 4 * fleet.servers.length, 15 * SECOND);
}

async function healthy(fleet: Fleet): Promise<number> {
  const pages = await Promise.all(fleet.gateways.map((gateway) => gateway.ops('/metrics')));
  const count = ({ text }: { text: string }) =>
    Number(/^holdfast_health_checks_total\{[^}]*result="healthy"[^}]*\} (\d+)/m.exec(text)?.[1] ?? 0);
  return pages.reduce((all, page) => all + count(page), 0);
}
