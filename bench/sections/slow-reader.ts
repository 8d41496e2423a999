import { residentKilobytes } from '../cpu.js';
import { BenchFleet } from '../fleet.js';
import type { Played } from '../load/crowd.js';
import { LoadProcess } from '../load/load-process.js';
import type { Report, Section } from '../section.js';
import { nowMs, percentile, sleep, until } from '../tools.js';

const SLOW_ROOMS = 8;
const PAYLOAD_BYTES = 1_000;
/** The taps per second in each room. They fill the buffers of the kernel within seconds, and the backlog long before the minute ends. */
const TAPS_PER_SECOND = 300;
const OTHERS = { rooms: 100, perSecond: 1_000 };
/** The growth of memory that still counts as none, in MB, because garbage collection makes it vary. */
const FLAT_MB = 32;
const SLICE_MS = 4_000;
/** The time for which the game server is suspended, in ms. Its gateway notices only that the server reads nothing. */
const STOPPED_MS = 3_000;
const STOPPED_TAPS_PER_SECOND = 3_000;

/**
 * Players that do not read, and a game server that does not keep up: neither may cost memory or delay others, and both are
 * handled with clear messages.
 */
export const slowReader: Section = {
  name: 'slow-reader',
  about: 'eight players that read nothing for a minute, beside 200 that play; then a game server that is suspended under load',
  async run(report, { quick }) {
    // Rare health checks, because an eviction would end the measurement.
    const fleet = await BenchFleet.start({ env: { HEALTH_INTERVAL_MS: '10000', SEAT_GRACE_MS: '120000' } });
    const [slow, others] = [new LoadProcess(), new LoadProcess()];
    try {
      const [{ tcpPort: port }] = fleet.of('gateway');
      await others.do.enter({ ports: [port], way: 'tcp', game: 'durable', rooms: OTHERS.rooms, seats: 2, payloadBytes: 64 });
      await slow.do.enterSlow({ port, game: 'fleeting', rooms: SLOW_ROOMS, payloadBytes: PAYLOAD_BYTES });
      await others.do.pace({ perSecond: OTHERS.perSecond });
      await slow.do.drive({ perSecond: TAPS_PER_SECOND });
      await sleep(quick ? 2_000 : 5_000);
      await minute(report, fleet, { slow, others, ms: quick ? 45_000 : 60_000 });
      await others.do.stopPace();
      await slow.do.stopDriving();
      await slow.do.answered();
      await stopped(report, fleet, slow);
      const [one, other] = await Promise.all([slow.do.verdict(), others.do.verdict()]);
      report('commands lost', one.lost + other.lost, '', { atMost: 0 });
      report('commands applied twice', one.doubled + other.doubled, '', { atMost: 0 });
    } finally {
      await Promise.all([slow.stop(), others.stop()]);
      await fleet.stop();
    }
  },
};

async function minute(
  report: Report,
  fleet: BenchFleet,
  { slow, others, ms }: { slow: LoadProcess; others: LoadProcess; ms: number },
): Promise<void> {
  const usual = new Watch(fleet);
  const without = await typical(others, 0.6 * ms);
  usual.stop();
  const connections = (await metricsOf(fleet, 'gateway')).connections;
  const watch = new Watch(fleet);
  await slow.do.stopReading();
  const beside = await typical(others, ms);
  watch.stop();
  for (const type of ['gateway', 'game'] as const) {
    const [before, most] = [usual, watch].map((seen) => seen.most(({ rssKilobytes }) => rssKilobytes[type]) / 1_000);
    report(`memory of the ${type} at most, everybody reads`, before, 'MB');
    report(`memory of the ${type} at most, beside slow readers`, most, 'MB', { atMost: before + FLAT_MB });
  }
  report('held by the gateway for players, at most', watch.most(({ held }) => held.player) / 1e6, 'MB', {
    atMost: (SLOW_ROOMS * 4 * 262_144) / 1e6,
  });
  // The median of slices, because a busy machine delays a few of them in any case.
  for (const [name, { p50Ms, p99Ms }] of Object.entries({ 'everybody reads': without, 'beside slow readers': beside })) {
    report(`others, ${name}: p50`, p50Ms, 'ms');
    report(`others, ${name}: p99`, p99Ms, 'ms');
  }
  const closed = connections - (await metricsOf(fleet, 'gateway')).connections;
  report('slow readers whose connection was closed', closed, '', { atLeast: SLOW_ROOMS });
  report(
    'the last of them, after',
    watch.secondsUntil(({ connections: left }) => left <= connections - SLOW_ROOMS),
    's',
  );
  const readAt = nowMs();
  await slow.do.readOn();
  await until(async () => (await slow.do.slowSeen()).back === SLOW_ROOMS, 20_000);
  report('they read on, resume, and all are back in their game within', nowMs() - readAt, 'ms');
}

/** Divides this time into slices, and returns the medians of their latencies. */
async function typical(load: LoadProcess, ms: number): Promise<{ p50Ms: number; p99Ms: number }> {
  const slices: Played[] = [];
  for (const end = nowMs() + ms; nowMs() < end; ) slices.push(await load.do.paceCounted({ ms: SLICE_MS }));
  return {
    p50Ms: percentile(
      slices.map(({ p50Ms }) => p50Ms),
      0.5,
    ),
    p99Ms: percentile(
      slices.map(({ p99Ms }) => p99Ms),
      0.5,
    ),
  };
}

/** Suspends the game server while its players keep sending, and reports what the gateway buffers and refuses. */
async function stopped(report: Report, fleet: BenchFleet, load: LoadProcess): Promise<void> {
  const [{ pid }] = fleet.of('game');
  const before = await load.do.slowSeen();
  const watch = new Watch(fleet);
  process.kill(pid, 'SIGSTOP');
  try {
    await load.do.drive({ perSecond: STOPPED_TAPS_PER_SECOND });
    await sleep(STOPPED_MS);
  } finally {
    await load.do.stopDriving();
    process.kill(pid, 'SIGCONT');
  }
  watch.stop();
  // Waits first: a command that is repeated now could be refused although its first copy arrived.
  await until(async () => (await metricsOf(fleet, 'gateway')).held.link === 0);
  await load.do.answered();
  const after = await load.do.slowSeen();
  const refused = (code: string): number => (after.codes[code] ?? 0) - (before.codes[code] ?? 0);
  const total = (codes: Readonly<Record<string, number>>): number => Object.values(codes).reduce((sum, count) => sum + count, 0);
  report('a stopped game server: commands refused as busy', refused('busy'), '', { atLeast: 1 });
  report('a stopped game server: anything else that was said', total(after.codes) - total(before.codes) - refused('busy'), '', {
    atMost: 0,
  });
  report('a stopped game server: memory of the gateway, most − first', watch.growth('gateway'), 'MB', { atMost: FLAT_MB });
  report('a stopped game server: held by the gateway for it, at most', watch.most(({ held }) => held.link) / 1e6, 'MB', { atMost: 5 });
}

interface Look {
  readonly atMs: number;
  readonly rssKilobytes: Readonly<Record<string, number>>;
  readonly held: { readonly player: number; readonly link: number };
  readonly connections: number;
}

/** Samples the gateway and the game server every second. */
class Watch {
  private readonly looks: Look[] = [];
  private readonly startedAt = nowMs();
  private readonly looking: NodeJS.Timeout;

  constructor(private readonly fleet: BenchFleet) {
    void this.look();
    this.looking = setInterval(() => void this.look(), 1_000);
  }

  stop(): void {
    clearInterval(this.looking);
  }

  growth(type: string): number {
    const series = this.looks.map(({ rssKilobytes }) => rssKilobytes[type]);
    return (Math.max(...series) - series[0]) / 1_000;
  }

  most(of: (look: Look) => number): number {
    return Math.max(...this.looks.map(of));
  }

  secondsUntil(isSo: (look: Look) => boolean): number {
    const found = this.looks.find(isSo);
    return found ? (found.atMs - this.startedAt) / 1_000 : Number.NaN;
  }

  private async look(): Promise<void> {
    const { gateway, game } = this.fleet.pids();
    const rssKilobytes = { gateway: residentKilobytes(gateway), game: residentKilobytes(game) };
    const seen = await metricsOf(this.fleet, 'gateway').catch(() => null);
    if (!seen) return;
    const look = { atMs: nowMs(), rssKilobytes, ...seen };
    this.looks.push(look);
    if (process.env.BENCH_VERBOSE) process.stderr.write(`${JSON.stringify(look)}\n`);
  }
}

async function metricsOf(fleet: BenchFleet, type: 'gateway'): Promise<Pick<Look, 'held' | 'connections'>> {
  const [{ opsPort }] = fleet.of(type);
  const text = await (await fetch(`http://127.0.0.1:${opsPort}/metrics`)).text();
  const sum = (name: string, label = ''): number =>
    [...text.matchAll(new RegExp(`^${name}\\{([^}]*)\\} (\\S+)$`, 'gm'))]
      .filter(([, labels]) => labels.includes(label))
      .reduce((total, [, , value]) => total + Number(value), 0);
  const held = (where: string): number => sum('holdfast_backlog_bytes', `where="${where}"`);
  return { held: { player: held('player'), link: held('link') }, connections: sum('holdfast_connections') };
}
