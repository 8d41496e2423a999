import { Command } from 'commander';
import { SECTION_NAMES, SHORT_NAMES } from './section-names.js';

export interface BenchOptions {
  readonly quick: boolean;
  readonly json: boolean;
  readonly runs: number;
  readonly record: boolean;
  readonly check: boolean;
  readonly short: boolean;
  readonly draw: boolean;
}

export function newCommand(): Command {
  return new Command('npm run bench --')
    .description(
      'Measures Holdfast on this machine: medians of several runs, taken in turns, with the CPU of each process beside every rate.',
    )
    .argument('[names...]', `sections to run (default: all): ${SECTION_NAMES.join(', ')}`)
    .option('--quick', 'less of everything, once: to try a change', false)
    .option('--short', `only what does not depend on time: ${SHORT_NAMES.join(', ')}`, false)
    .option('--runs <n>', 'how often each section is run', Number, 3)
    .option('--json', 'print one JSON object and nothing else', false)
    .option('--check', 'fail when ratios and counts are worse than recorded, beyond a tolerance', false)
    .option(
      '--record',
      'store these figures: --check compares later runs with them, and RESULTS.md and results/*.md are written from them',
      false,
    )
    .option('--draw', 'write RESULTS.md, results/*.md and the charts again from the record, and measure nothing', false);
}
