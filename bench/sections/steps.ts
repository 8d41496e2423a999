import { CpuMeter } from '../cpu.js';
import { BenchFleet } from '../fleet.js';
import { LoadProcess } from '../load/load-process.js';
import type { Report, Section } from '../section.js';
import { nowMs, sleep } from '../tools.js';

const HZ = 20;
/** The time before the first measurement, in ms. Players arrive and code is compiled in it, which would distort the figures. */
const WARM_MS = 3_000;
/** A drift of the clock shows within this time, in ms. */
const DRIFT_MS = 600_000;
/** Target: 99 of 100 steps begin at most this late, in ms. */
const LAG_P99_MS = 3;

/** Fixed steps of many rooms in one process, with each step stored and with checkpoints. */
export const steps: Section = {
  name: 'steps',
  about: `rooms at ${HZ} steps per second in one game server, 16 bodies of which 8 move: lag and number of steps, CPU and appends`,
  async run(report, { quick }) {
    const rooms = quick ? 100 : 500;
    const checkpoint = await measure(report, 'steps-checkpoint', rooms, quick ? 5_000 : DRIFT_MS);
    const durable = await measure(report, 'steps-durable', rooms, quick ? 5_000 : 60_000);
    report('CPU of a step in game, every-change ÷ checkpoint', durable.game / checkpoint.game, '×');
    // From CPU times, which other work on the machine hardly changes. At this rate the core has nothing else to do.
    report(`every-change: rooms at ${HZ} steps per second that one core of game carries`, 1e6 / durable.game / HZ, '');
    report(`every-change: rooms at ${HZ} steps per second that one Redis carries`, 1e6 / durable.redis / HZ, '');
  },
};

async function measure(report: Report, game: string, rooms: number, ms: number): Promise<StepCost> {
  const fleet = await BenchFleet.start();
  const load = new LoadProcess();
  try {
    const [{ tcpPort }] = fleet.of('gateway');
    const [{ opsPort }] = fleet.of('game');
    await load.do.enter({ ports: [tcpPort], way: 'tcp', game, rooms, seats: 1, payloadBytes: 1 });
    await sleep(WARM_MS);
    const cpu = new CpuMeter(fleet.pids());
    const before = await read(opsPort);
    const callsBefore = await readsOfRedis(fleet);
    const from = nowMs();
    await sleep(ms);
    const after = await read(opsPort);
    const seconds = (nowMs() - from) / 1_000;
    const used = cpu.seconds();
    const calls = (await readsOfRedis(fleet)) - callsBefore;
    const title = `${game}, ${rooms} rooms`;
    const run = after.steps - before.steps;
    const dropped = after.dropped - before.dropped;
    report(`${title}: steps per room and second`, run / rooms / seconds, '/s');
    // Each room may have one step more or less, because the measurement begins and ends between two steps.
    const missing = Math.max(0, Math.abs(seconds * HZ - (run + dropped) / rooms) - 1);
    report(`${title}: drift`, missing, 'steps', { atMost: 0 });
    report(`${title}: dropped steps`, dropped, '', { atMost: 0 });
    report(`${title}: lag p50, at most`, quantile(before.lag, after.lag, 0.5), 'ms');
    report(`${title}: lag p99, at most`, quantile(before.lag, after.lag, 0.99), 'ms', { atMost: LAG_P99_MS });
    report(`${title}: steps for each read of Redis (groups of appends)`, run / Math.max(1, calls), '');
    const cost = { game: (used.game * 1e6) / run, redis: (used.redis * 1e6) / run };
    for (const [name, micros] of Object.entries(cost)) {
      report(`${title}: CPU of ${name}`, (100 * used[name]) / seconds, '% of a core');
      report(`${title}: CPU of ${name} for a step`, micros, 'µs');
    }
    return cost;
  } finally {
    await load.stop();
    await fleet.stop();
  }
}

/** CPU of one step, in µs. */
interface StepCost {
  readonly game: number;
  readonly redis: number;
}

interface StepMetrics {
  readonly steps: number;
  readonly dropped: number;
  /** For each bound in seconds, the number of steps whose lag did not exceed it. */
  readonly lag: ReadonlyMap<number, number>;
}

async function read(opsPort: number): Promise<StepMetrics> {
  const text = await (await fetch(`http://127.0.0.1:${opsPort}/metrics`)).text();
  const lines = (name: string) => [...text.matchAll(new RegExp(`^${name}\\{([^}]*)\\} (\\S+)$`, 'gm'))];
  const sum = (name: string): number => lines(name).reduce((total, [, , value]) => total + Number(value), 0);
  const lag = lines('holdfast_step_lag_seconds_bucket').map(([, labels, value]): [number, number] => {
    const bound = /le="([^"]+)"/.exec(labels)?.[1];
    return [bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound), Number(value)];
  });
  return { steps: sum('holdfast_steps_total'), dropped: sum('holdfast_steps_dropped_total'), lag: new Map(lag) };
}

/** Returns the upper bound of the bucket that contains the quantile, in ms. */
function quantile(before: ReadonlyMap<number, number>, after: ReadonlyMap<number, number>, part: number): number {
  const counts = [...after].map(([bound, count]) => [bound, count - (before.get(bound) ?? 0)] as const).sort(([a], [b]) => a - b);
  const total = counts.at(-1)?.[1] ?? 0;
  return (counts.find(([, count]) => count >= part * total)?.[0] ?? Number.NaN) * 1_000;
}

/** Returns the number of packets that Redis has read from all clients. One group of appends is one packet, unless it is large. */
async function readsOfRedis(fleet: BenchFleet): Promise<number> {
  const stats = await fleet.redis.info('stats');
  return Number(/total_reads_processed:(\d+)/.exec(stats)?.[1] ?? Number.NaN);
}
