import { CpuMeter } from '../cpu.js';
import type { LoadProcess } from '../load/load-process.js';
import { perMillion, type Report } from '../section.js';
import { sleep } from '../tools.js';

/** A system that carries messages, with players connected to it. */
export interface Carrier {
  readonly name: string;
  readonly load: LoadProcess;
  /** The pids of all its processes, by name. */
  readonly pids: Readonly<Record<string, number>>;
  /** The processes of `pids` that a message passes through. */
  readonly path: readonly string[];
  stop(): Promise<void>;
}

/** The CPU cost of a message in seconds per million: by process, and the sum of the processes on the path. */
export interface Cost {
  readonly each: Readonly<Record<string, number>>;
  readonly path: number;
  readonly perSecond: number;
}

export type Play = (load: LoadProcess) => Promise<{ readonly perSecond: number; readonly p50Ms: number; readonly p99Ms: number }>;

/** Starts all carriers that can be started, and prints why others are left out. Rejects if one of `needed` cannot be started. */
export async function startAll(starts: Readonly<Record<string, () => Promise<Carrier>>>, needed: readonly string[]): Promise<Carrier[]> {
  const carriers: Carrier[] = [];
  for (const [name, start] of Object.entries(starts)) {
    try {
      carriers.push(await start());
    } catch (error) {
      if (needed.includes(name)) {
        await stopAll(carriers);
        throw error;
      }
      process.stderr.write(`${name} is omitted: ${error instanceof Error ? error.message.split('\n')[0] : error}\n`);
    }
  }
  return carriers;
}

export async function stopAll(carriers: readonly Carrier[]): Promise<void> {
  for (const carrier of carriers) {
    await carrier.load.stop();
    await carrier.stop();
  }
}

/** Measures one carrier once: its rate, its latencies, and the CPU time of each process. */
export async function measure(report: Report, head: string, carrier: Carrier, play: Play): Promise<Cost> {
  const { name, load, pids, path } = carrier;
  const cpu = new CpuMeter({ ...pids, load: load.pid });
  const startedAt = process.hrtime.bigint();
  // The counts and the CPU times both include the warm-up and the last answers.
  const before = await load.do.counts();
  const { perSecond, p50Ms, p99Ms } = await play(load);
  const used = cpu.seconds();
  const after = await load.do.counts();
  const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9;
  const messages = after.answers - before.answers;
  const each = Object.fromEntries(Object.entries(used).map(([process, cpuSeconds]) => [process, perMillion(cpuSeconds, messages)]));
  const sum = path.reduce((total, process) => total + each[process], 0);
  const title = `${head}: ${name}`;
  report(title, perSecond, '/s');
  report(`${title}, out for one in`, (after.deliveries - before.deliveries) / messages, '');
  report(`${title}, p50`, p50Ms, 'ms');
  report(`${title}, p99`, p99Ms, 'ms');
  for (const [process, cost] of Object.entries(each)) report(`${title}, CPU of ${process}`, cost, 's/M');
  if (path.length > 1) report(`${title}, CPU of ${path.join(' + ')}`, sum, 's/M');
  report(`${title}, the generator's share of a core`, (100 * used.load) / seconds, '%');
  await sleep(200);
  return { each, path: sum, perSecond };
}
