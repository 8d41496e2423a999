import { type Case, CaseFailure, CaseSkipped } from './case.js';
import { COMMANDS, REWINDS } from './cases/commands.js';
import { COMPACT } from './cases/compact.js';
import { CONNECTING } from './cases/connecting.js';
import { REFUSALS } from './cases/refusals.js';
import { RESUMING } from './cases/resuming.js';
import { STEPS } from './cases/steps.js';
import { SYNCS } from './cases/syncs.js';
import { VERSIONS } from './cases/versions.js';
import { ClientUnderTest } from './client-under-test.js';
import { readOptions } from './options.js';
import { ScriptGateway } from './script-gateway.js';
import { Table } from './table.js';
import { writeVectors } from './write-vectors.js';

const GROUPS: Readonly<Record<string, readonly Case[]>> = {
  connecting: CONNECTING,
  refusals: REFUSALS,
  versions: VERSIONS,
  resuming: RESUMING,
  syncs: SYNCS,
  'compact syncs': COMPACT,
  commands: COMMANDS,
  rewinds: REWINDS,
  steps: STEPS,
};

export interface ConformanceContext {
  /** The command with which the user starts this tool. */
  readonly call?: string;
  /** The folder of this repository, or of the package with this tool. Default: the working directory. */
  readonly root?: string;
}

type Outcome = 'passed' | 'failed' | 'skipped';

interface Report {
  readonly outcome: Outcome;
  readonly lines: readonly string[];
}

/** Runs the cases that the options select. Returns the exit code: 0 if the client has passed all of them, else 1. */
export async function main(argv: readonly string[], { call, root = process.cwd() }: ConformanceContext = {}): Promise<number> {
  const { client, only = '', verbose, vectors, atOnce } = readOptions(argv, call);
  if (vectors !== undefined && !(await writeVectorsInto(vectors, root))) return 1;
  if (client === undefined) return 0;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  const groups = Object.entries(GROUPS).map(([group, cases]) => ({ group, cases: cases.filter(({ name }) => name.includes(only)) }));
  const reports = startAll(
    groups.flatMap(({ cases }) => cases),
    atOnce,
    (one) => runCase(one, client, verbose),
  );
  const counts: Record<Outcome, number> = { passed: 0, skipped: 0, failed: 0 };
  for (const { group, cases } of groups) {
    if (cases.length > 0) console.log(`\n${group}: the client`);
    for (const one of cases) {
      const { outcome, lines } = await reports.get(one)!;
      counts[outcome] += 1;
      for (const line of lines) console.log(line);
    }
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop);
  console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  if (counts.passed + counts.failed > 0) return counts.failed === 0 ? 0 : 1;
  console.log(`No case has a name with ${JSON.stringify(only)}, or all of them were skipped.`);
  return 1;
}

/** Writes the vectors. Prints the reason and returns false when the folder cannot be written. */
async function writeVectorsInto(folder: string, root: string): Promise<boolean> {
  try {
    await writeVectors(folder, root);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    console.error(`The vectors cannot be written: ${(error as Error).message}. Give --vectors a folder that you may write.`);
    return false;
  }
}

function stop(): never {
  ClientUnderTest.endAll();
  process.exit(130);
}

/** Runs the cases in order, at most `atOnce` at the same time. Returns a promise for the report of each case. */
function startAll(cases: readonly Case[], atOnce: number, run: (one: Case) => Promise<Report>): ReadonlyMap<Case, Promise<Report>> {
  const waiting = cases.map((one) => {
    let begin = (): void => {};
    const turn = new Promise<void>((resolve) => {
      begin = resolve;
    });
    return { one, begin, turn };
  });
  const next = (): void => waiting.shift()?.begin();
  const reports = new Map(waiting.map(({ one, turn }) => [one, turn.then(() => run(one)).finally(next)]));
  for (let count = 0; count < atOnce; count++) next();
  return reports;
}

async function runCase(one: Case, command: string, isVerbose: boolean): Promise<Report> {
  const gateways = await Promise.all(Array.from({ length: one.gateways ?? 1 }, () => ScriptGateway.open()));
  const dialog: string[] = [];
  const client = ClientUnderTest.start(
    command,
    gateways.map(({ url }) => url),
    (line) => void (isVerbose && dialog.push(`           ${line}`)),
  );
  for (const gateway of gateways) gateway.onFault = (fault) => client.accuse(fault);
  const report = (outcome: Outcome, line: string): Report => ({ outcome, lines: [line, ...dialog] });
  try {
    await one.run(new Table(gateways, client));
    if (client.fault !== null) throw new CaseFailure(client.fault);
    return report('passed', `  passed   ${one.name}`);
  } catch (error) {
    if (error instanceof CaseSkipped) return report('skipped', `  skipped  ${one.name}: ${error.message}`);
    const reason = error instanceof CaseFailure ? error.message : String(error instanceof Error ? error.stack : error);
    return report('failed', `  FAILED   ${one.name}\n           ${reason}`);
  } finally {
    client.end();
    await Promise.all(gateways.map((gateway) => gateway.close()));
  }
}
