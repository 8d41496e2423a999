import { Encoder } from '@colyseus/schema';
import { cards } from '../patches/cards.js';
import { deepTree } from '../patches/deep-tree.js';
import { list } from '../patches/list.js';
import { MOVING, ONE_MOVING } from '../patches/moving.js';
import { type Scenario, STEPS } from '../patches/scenario.js';
import {
  applyRun,
  encodeRun,
  packedPatchesOf,
  packRun,
  patchesOf,
  type StepRun,
  schemaDecodeRun,
  schemaPatchesOf,
  schemaRun,
  statesOf,
  stepRun,
} from '../patches/steps.js';
import type { Report, Section } from '../section.js';
import { percentile } from '../tools.js';

const ROUNDS = 25;
const ROUNDS_QUICK = 5;
const WARMUP_ROUNDS = 3;
/** Target of a step that changes little, in µs. */
const SMALL_STEP = { atMost: 6 };

interface Row {
  readonly scenario: Scenario;
  /** The target of our bytes divided by those of each schema, in the order of `schemas`. The last schema has the best types. */
  readonly bytes: readonly number[];
  /**
   * The target of the CPU of a step. `ratio`: a maximum relative to the best schema, for states that mostly move. `micros`: `SMALL_STEP`,
   * for states that hardly change. `none`: no target.
   */
  readonly step: 'ratio' | 'micros' | 'none';
}

const ROWS: readonly Row[] = [
  ...MOVING.map(
    (scenario): Row => ({
      scenario,
      bytes: [scenario.name.includes('doubles') ? 1.6 : 1, 0.8],
      step: scenario.name.startsWith('60') ? 'ratio' : 'none',
    }),
  ),
  { scenario: ONE_MOVING, bytes: [1, 1], step: 'micros' },
  { scenario: cards(), bytes: [0.8], step: 'micros' },
  { scenario: deepTree(), bytes: [1.6], step: 'micros' },
  { scenario: list(), bytes: [1], step: 'micros' },
];

/** Bytes are the same on any machine, so `--check` compares them exactly. CPU is not compared. */
export const patches: Section = {
  name: 'patches',
  about: `${STEPS} steps of a state in the compact form, beside \`@colyseus/schema\` and beside RFC 6902 in MessagePack: bytes and CPU of a step`,
  async run(report, { quick }) {
    Encoder.BUFFER_SIZE = 64 * 1_024;
    for (const row of ROWS) {
      reportBytes(report, row);
      reportCpu(report, row, quick ? ROUNDS_QUICK : ROUNDS);
    }
  },
};

function reportBytes(report: Report, { scenario, bytes }: Row): void {
  const states = statesOf(scenario);
  const ours = meanBytes(patchesOf(states));
  report(`${scenario.name}: compact`, ours, 'bytes');
  report(`${scenario.name}: RFC 6902`, meanBytes(packedPatchesOf(states)), 'bytes');
  scenario.schemas.forEach((schema, index) => {
    const theirs = meanBytes(schemaPatchesOf(schema));
    report(`${scenario.name}: schema (${schema.types})`, theirs, 'bytes');
    report(`${scenario.name}: bytes, compact ÷ schema (${schema.types})`, ours / theirs, '×', { atMost: bytes[index] });
  });
}

function reportCpu(report: Report, { scenario, step }: Row, rounds: number): void {
  const states = statesOf(scenario);
  const best = scenario.schemas[scenario.schemas.length - 1];
  const draft = stepRun('draft and encode', scenario, 'proxy');
  const copy = stepRun('copy and encode', scenario, 'copy');
  const auto = stepRun("step with the room's choice", scenario, 'auto');
  const schema = schemaRun(best);
  const runs = [encodeRun(states), draft, copy, auto, packRun(scenario), schema, applyRun(states), schemaDecodeRun(best)];
  const micros = medianMicros(runs, rounds);
  for (const [run, median] of micros)
    report(`${scenario.name}: ${run.name}`, median, 'µs', run === auto && step === 'micros' ? SMALL_STEP : undefined);
  if (step !== 'ratio') return;
  const ratio = micros.get(copy)! / micros.get(schema)!;
  report(`${scenario.name}: step, copy and encode ÷ schema (${best.types})`, ratio, '× CPU', { atMost: 1 });
}

function meanBytes(messages: readonly Uint8Array[]): number {
  return messages.reduce((sum, { length }) => sum + length, 0) / messages.length;
}

/** Returns the CPU of one step of each run, all threads of this process included. The runs take turns. */
function medianMicros(runs: readonly StepRun[], rounds: number): ReadonlyMap<StepRun, number> {
  const samples = new Map(runs.map((run): [StepRun, number[]] => [run, []]));
  for (let round = -WARMUP_ROUNDS; round < rounds; round++) {
    for (const [run, values] of samples) {
      const act = run.prepare();
      const before = process.cpuUsage();
      act();
      const { user, system } = process.cpuUsage(before);
      if (round >= 0) values.push((user + system) / STEPS);
    }
  }
  return new Map([...samples].map(([run, values]) => [run, percentile(values, 0.5)]));
}
