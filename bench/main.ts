import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus, hostname, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import type { Section, Target } from './section.js';
import { connections } from './sections/connections.js';
import { health } from './sections/health.js';
import { latency } from './sections/latency.js';
import { pauses } from './sections/pauses.js';
import { placement } from './sections/placement.js';
import { recovery } from './sections/recovery.js';
import { relay } from './sections/relay.js';
import { starts } from './sections/starts.js';
import { type Figure, table, verdictOf } from './table.js';
import { ROOT } from './tools.js';

const SECTIONS: readonly Section[] = [pauses, recovery, latency, relay, starts, connections, health, placement];
const BASELINE = join(ROOT, 'bench/baseline.json');

interface Options {
  readonly quick: boolean;
  readonly json: boolean;
  readonly runs: number;
  readonly record: boolean;
}

/** The exit code: 0, or 1 when a section could not be run. Missed targets are in the table. */
export async function main(argv: readonly string[]): Promise<number> {
  const command = new Command('npm run bench --')
    .description(
      'Measures Holdfast on this machine: medians of several runs, taken in turns, with the CPU of each process beside every rate.',
    )
    .argument('[names...]', `sections to run (default: all): ${SECTIONS.map(({ name }) => name).join(', ')}`)
    .option('--quick', 'less of everything, once: to try a change', false)
    .option('--runs <n>', 'how often each section is run', Number, 3)
    .option('--json', 'print one JSON object and nothing else', false)
    .option('--record', 'keep these figures as the baseline that later runs are compared with', false)
    .parse([...argv], { from: 'user' });
  const { quick, json, runs, record } = command.opts<Options>();
  const unknown = command.args.filter((name) => !SECTIONS.some((section) => section.name === name));
  if (unknown.length > 0) command.error(`error: no section is named ${unknown.join(', ')}`);
  const chosen = SECTIONS.filter(({ name }) => command.args.length === 0 || command.args.includes(name));

  const figures = new Map<string, Figure>();
  const failures: string[] = [];
  const startedAt = new Date();
  const loadBefore = loadavg()[0];
  for (let run = 1; run <= (quick ? 1 : runs); run++) {
    for (const { name, run: measure } of chosen) {
      process.stderr.write(`${name}, run ${run} of ${quick ? 1 : runs} …\n`);
      const report = (what: string, value: number, unit: string, target?: Target): void => {
        const key = `${name}: ${what}`;
        const figure = figures.get(key) ?? { section: name, what, unit, values: [], ...(target && { target }) };
        figure.values.push(value);
        figures.set(key, figure);
      };
      try {
        await measure(report, { quick });
      } catch (error) {
        failures.push(`${name}, run ${run}: ${error instanceof Error ? error.stack : String(error)}`);
        process.stderr.write(`${failures.at(-1)}\n`);
      }
    }
  }

  const all = [...figures.values()];
  const baseline = await readBaseline();
  const machine = {
    ...describeMachine(),
    quick,
    runs: quick ? 1 : runs,
    startedAt: startedAt.toISOString(),
    loadBefore,
    loadAfter: loadavg()[0],
  };
  const result = { machine, failures, figures: all.map((figure) => ({ ...figure, ...verdictOf(figure) })) };
  if (json) console.log(JSON.stringify(result));
  else
    for (const { name, about } of chosen)
      console.log(
        table(
          `${name}: ${about}`,
          all.filter(({ section }) => section === name),
          baseline,
        ),
      );
  if (!quick) {
    await mkdir(join(ROOT, 'bench/results'), { recursive: true });
    const file = join(ROOT, 'bench/results', `${startedAt.toISOString().slice(0, 16).replace(':', '')}-${hostname()}.json`);
    await writeFile(file, `${JSON.stringify(result, null, 1)}\n`);
    process.stderr.write(`written to ${file}\n`);
  }
  if (record) {
    const kept = { ...Object.fromEntries(baseline), ...Object.fromEntries(all.map((figure) => [keyOf(figure), verdictOf(figure).median])) };
    await writeFile(BASELINE, `${JSON.stringify({ machine, figures: kept }, null, 1)}\n`);
  }
  return failures.length > 0 ? 1 : 0;
}

function keyOf({ section, what }: Figure): string {
  return `${section}: ${what}`;
}

async function readBaseline(): Promise<ReadonlyMap<string, number>> {
  try {
    const { figures } = JSON.parse(await readFile(BASELINE, 'utf8')) as { figures: Record<string, number> };
    return new Map(Object.entries(figures));
  } catch {
    return new Map();
  }
}

function describeMachine() {
  const say = (program: string, ...args: string[]): string => {
    try {
      return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    } catch {
      return 'unknown';
    }
  };
  return {
    host: hostname(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    kernel: say('uname', '-sr'),
    node: process.version,
    redis: say('redis-server', '--version'),
    commit: say('git', '-C', ROOT, 'rev-parse', '--short', 'HEAD'),
  };
}
