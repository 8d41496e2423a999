import { mkdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { worseThan } from './check.js';
import { describeMachine, loadOfTheMinute } from './machine.js';
import { type BenchOptions, newCommand } from './options.js';
import { keep, type Record_, readRecord } from './record.js';
import { writeResults } from './results.js';
import type { Section, Target } from './section.js';
import { SECTIONS, SHORT } from './sections.js';
import { type Figure, table, verdictOf } from './table.js';
import { ROOT } from './tools.js';

/** Runs the chosen sections. Returns the exit code: 1 if a section failed or `--check` found worse figures, else 0. */
export async function main(argv: readonly string[]): Promise<number> {
  const command = newCommand().parse([...argv], { from: 'user' });
  const { quick, json, record, check, short, draw, ...rest } = command.opts<BenchOptions>();
  if (draw) {
    await writeResults(await readRecord(), namesOf(SECTIONS));
    return 0;
  }
  const unknown = command.args.filter((name) => !SECTIONS.some((section) => section.name === name));
  if (unknown.length > 0) command.error(`error: no section is named ${unknown.join(', ')}`);
  const chosen = (short ? SHORT : SECTIONS).filter(({ name }) => command.args.length === 0 || command.args.includes(name));
  const runs = quick ? 1 : rest.runs;

  const startedAt = new Date();
  const loadBefore = loadOfTheMinute();
  const { figures, failures } = await measure(chosen, { quick, runs });
  const before = await readRecord();
  const about = { machine: await describeMachine(), startedAt: startedAt.toISOString(), runs, loadBefore, loadAfter: loadOfTheMinute() };
  const result = { ...about, quick, failures, figures: figures.map((figure) => ({ ...figure, ...verdictOf(figure) })) };
  if (json) console.log(JSON.stringify(result));
  else
    for (const section of chosen)
      console.log(`\n### ${section.name}: ${section.about}\n\n${table(of(section, figures), mediansOf(before, section.name))}`);
  if (!quick && !short) {
    await mkdir(join(ROOT, 'bench/results'), { recursive: true });
    const file = join(ROOT, 'bench/results', `${startedAt.toISOString().slice(0, 16).replace(':', '')}-${hostname()}.json`);
    await writeFile(file, `${JSON.stringify(result, null, 1)}\n`);
    process.stderr.write(`written to ${file}\n`);
  }
  if (record) {
    const measured = chosen.filter((section) => of(section, figures).length > 0);
    const kept = measured.map((section) => [section.name, { about: section.about, ...about, figures: of(section, figures) }] as const);
    await writeResults(await keep(Object.fromEntries(kept)), namesOf(SECTIONS));
  }
  const isWorse = check && !judge(before, figures, quick);
  return failures.length > 0 || isWorse ? 1 : 0;
}

async function measure(
  chosen: readonly Section[],
  size: { quick: boolean; runs: number },
): Promise<{ figures: Figure[]; failures: string[] }> {
  const figures = new Map<string, Figure>();
  const failures: string[] = [];
  for (let run = 1; run <= size.runs; run++) {
    for (const { name, takesTurns, run: measureSection } of chosen) {
      if (takesTurns && run > 1) continue;
      process.stderr.write(`${name}, ${takesTurns ? `${size.runs} in turns` : `run ${run} of ${size.runs}`} …\n`);
      const report = (what: string, value: number, unit: string, target?: Target): void => {
        const key = `${name}: ${what}`;
        const figure = figures.get(key) ?? { section: name, what, unit, values: [], ...(target && { target }) };
        figure.values.push(value);
        figures.set(key, figure);
      };
      try {
        await measureSection(report, size);
      } catch (error) {
        failures.push(`${name}, run ${run}: ${error instanceof Error ? error.stack : String(error)}`);
        process.stderr.write(`${failures.at(-1)}\n`);
      }
    }
  }
  return { figures: [...figures.values()], failures };
}

/** Prints the figures that are worse than recorded. Returns true when there are none. A quick run has twice the tolerance. */
function judge(record: Record_, figures: readonly Figure[], quick: boolean): boolean {
  const { checked, worse } = worseThan(record, figures, quick ? 1 : 0);
  for (const { figure, recorded, measured, limit } of worse) {
    const [now, then, most] = [measured, recorded, limit].map((value) => value.toFixed(2));
    process.stderr.write(
      `worse than recorded: ${figure.section}: ${figure.what}: ${now} ${figure.unit}, recorded ${then}, at most ${most}\n`,
    );
  }
  if (checked === 0) process.stderr.write('nothing of what was measured is recorded: there is nothing to check\n');
  else process.stderr.write(`${checked} ratios and counts checked, ${worse.length} worse than recorded\n`);
  return checked > 0 && worse.length === 0;
}

function of({ name }: Section, figures: readonly Figure[]): Figure[] {
  return figures.filter(({ section }) => section === name);
}

function namesOf(sections: readonly Section[]): string[] {
  return sections.map(({ name }) => name);
}

function mediansOf(record: Record_, section: string): Readonly<Record<string, number>> {
  return Object.fromEntries((record[section]?.figures ?? []).map((figure) => [figure.what, verdictOf(figure).median]));
}
