import { BenchFleet, type BenchServer } from '../fleet.js';
import type { Report, Size } from '../section.js';
import { nowMs, percentile, sleep, until } from '../tools.js';

const INTERVAL_MS = 1_000;
const GRACE_MS = 500;
const GATEWAYS = 3;

/**
 * Measures how long a fleet with voting gateways takes to detect that a game server died or hangs: from the signal to the record with the
 * state dead, polled every 2 ms.
 */
export async function detection(report: Report, { quick }: Size): Promise<void> {
  const times = quick ? 3 : 20;
  const env = { HEALTH_INTERVAL_MS: String(INTERVAL_MS), HEALTH_GRACE_MS: String(GRACE_MS) };
  const fleet = await BenchFleet.start({ gateways: GATEWAYS, lobbies: 2, games: 4, env });
  try {
    const kills = await measure(times, () => afterKill(fleet));
    reportTimes(report, 'kill -9 to eviction', kills, { median: 500, worst: 1_000 });
    const stops = await measure(times, () => afterStop(fleet));
    reportTimes(report, 'SIGSTOP to eviction', stops, { median: 3 * INTERVAL_MS, worst: 3 * INTERVAL_MS });
    report('others evicted meanwhile', await othersEvicted(fleet, 2 * times), '', { atMost: 0 });
  } finally {
    await fleet.stop();
  }
}

async function measure(times: number, act: () => Promise<number>): Promise<number[]> {
  const taken: number[] = [];
  while (taken.length < times) taken.push(await act());
  return taken;
}

function reportTimes(report: Report, what: string, ms: readonly number[], limit: { median: number; worst: number }): void {
  report(`${what}, median of ${ms.length}`, percentile(ms, 0.5), 'ms', { atMost: limit.median });
  report(`${what}, worst of ${ms.length}`, Math.max(...ms), 'ms', { atMost: limit.worst });
}

async function afterKill(fleet: BenchFleet): Promise<number> {
  const [server] = fleet.of('game');
  await isSettled(fleet);
  const from = nowMs();
  server.child.kill('SIGKILL');
  const tookMs = (await isDead(fleet, server)) - from;
  await fleet.relaunch(server);
  return tookMs;
}

/** Measures one suspension, in ms. The process is the same each time: it resumes, detects its eviction, and registers again. */
async function afterStop(fleet: BenchFleet): Promise<number> {
  const [, server] = fleet.of('game');
  await isSettled(fleet);
  // Suspends the server at a random time between two checks.
  await sleep(Math.random() * INTERVAL_MS);
  const from = nowMs();
  server.child.kill('SIGSTOP');
  try {
    return (await isDead(fleet, server)) - from;
  } finally {
    server.child.kill('SIGCONT');
  }
}

async function isDead({ redis }: BenchFleet, { id }: BenchServer): Promise<number> {
  const deadline = nowMs() + 20_000;
  while ((await redis.hget(id, 'state')) !== 'dead') {
    if (nowMs() > deadline) throw new Error(`${id} was not evicted within 20 s`);
    await sleep(2);
  }
  return nowMs();
}

/** Waits until all servers are ready, past their grace period, and checked. */
async function isSettled(fleet: BenchFleet): Promise<void> {
  await fleet.whole();
  await until(async () => {
    const now = Number((await fleet.redis.time())[0]) * 1_000;
    const records = await Promise.all(fleet.servers.map(({ id }) => fleet.redis.hgetall(id)));
    return records.every(
      ({ state, suspect = '0', check, registeredAt }) =>
        state === 'ready' && suspect === '0' && check !== undefined && now - Number(registeredAt) > GRACE_MS + INTERVAL_MS,
    );
  });
}

/** Returns the number of evictions besides the `ended` ones that the measurement caused. */
async function othersEvicted(fleet: BenchFleet, ended: number): Promise<number> {
  const metrics = await Promise.all(
    fleet.of('gateway').map(async ({ opsPort }) => (await fetch(`http://127.0.0.1:${opsPort}/metrics`)).text()),
  );
  const evictions = metrics
    .flatMap((text) => text.split('\n'))
    .filter((line) => line.startsWith('holdfast_evictions_total{'))
    .reduce((all, line) => all + Number(line.split(' ').at(-1)), 0);
  return evictions - ended;
}
