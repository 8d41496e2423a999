import { CpuMeter, residentKilobytes } from '../cpu.js';
import { BenchFleet } from '../fleet.js';
import { LoadProcess } from '../load/load-process.js';
import { perMillion, type Report, type Section, type Size } from '../section.js';
import { nowMs, sleep } from '../tools.js';

const PER_SECOND = 2_000;
const PROCESSES = ['gateway', 'game', 'redis', 'lobby'];

/** Measures the same load with more rooms and with more servers, which shows which costs grow. */
export const growth: Section = {
  name: 'growth',
  about: `${PER_SECOND} durable commands per second in 10 to 10,000 rooms of one, and over 1 to 4 game servers`,
  async run(report, size) {
    await byRooms(report, size);
    for (let servers = 1; servers <= 4; servers++) await byServers(report, size, servers);
  },
};

async function byRooms(report: Report, { quick }: Size): Promise<void> {
  const fleet = await BenchFleet.start({ env: { CONNECTION_TIMEOUT_MS: '600000' } });
  const load = new LoadProcess();
  try {
    const ports = fleet.of('gateway').map(({ tcpPort }) => tcpPort);
    let there = 0;
    for (const rooms of quick ? [10, 100, 1_000] : [10, 100, 1_000, 10_000]) {
      const before = residentOf(fleet);
      const startedAt = nowMs();
      await load.do.enter({ ports, way: 'tcp', game: 'diary', rooms: rooms - there, seats: 1, payloadBytes: 64 });
      report(`${rooms} rooms: entered`, ((rooms - there) * 1_000) / (nowMs() - startedAt), '/s');
      // Warms up, so that compiled code is measured.
      if (there === 0) await load.do.paced({ perSecond: PER_SECOND, ms: 2_000 });
      await play(report, `${rooms} rooms`, fleet, load, PROCESSES, quick);
      const kilobytes = residentOf(fleet) - before;
      if (rooms >= 1_000) report(`${rooms} rooms: memory a room more, gateway and game server`, kilobytes / (rooms - there), 'KB');
      there = rooms;
    }
    await sleep(500);
    const idle = new CpuMeter(fleet.pids());
    await sleep(2_000);
    for (const [name, seconds] of Object.entries(idle.seconds()))
      report(`${there} rooms, all idle: CPU of ${name}`, seconds * 50, '% of a core');
  } finally {
    await load.stop();
    await fleet.stop();
  }
}

async function byServers(report: Report, { quick }: Size, servers: number): Promise<void> {
  const fleet = await BenchFleet.start({ games: servers });
  const load = new LoadProcess();
  try {
    const ports = fleet.of('gateway').map(({ tcpPort }) => tcpPort);
    await load.do.enter({ ports, way: 'tcp', game: 'diary', rooms: 200, seats: 1, payloadBytes: 64 });
    await load.do.closed({ ms: 2_500 });
    await play(report, `${servers} game ${servers === 1 ? 'server' : 'servers'}`, fleet, load, PROCESSES, quick);
  } finally {
    await load.stop();
    await fleet.stop();
  }
}

async function play(
  report: Report,
  head: string,
  fleet: BenchFleet,
  load: LoadProcess,
  processes: readonly string[],
  quick: boolean,
): Promise<void> {
  await load.do.pace({ perSecond: PER_SECOND });
  await sleep(1_000);
  const cpu = new CpuMeter({ ...fleet.pids(), load: load.pid });
  const { acknowledged, p50Ms, p99Ms } = await load.do.paceCounted({ ms: quick ? 2_000 : 4_000 });
  const used = cpu.seconds();
  await load.do.stopPace();
  report(`${head}: p50`, p50Ms, 'ms');
  report(`${head}: p99`, p99Ms, 'ms');
  for (const process of processes) {
    const seconds = Object.entries(used)
      .filter(([name]) => name === process || name.startsWith(`${process} `))
      .reduce((sum, [, each]) => sum + each, 0);
    report(`${head}: CPU of ${process}`, perMillion(seconds, acknowledged), 's/M');
  }
}

function residentOf(fleet: BenchFleet): number {
  return [...fleet.of('gateway'), ...fleet.of('game')].reduce((sum, { pid }) => sum + residentKilobytes(pid), 0);
}
