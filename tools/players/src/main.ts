import type { ToolContext } from '../../fleet/src/context.js';
import { ChessRun } from './chess.js';
import { type PlayersOptions, readOptions } from './options.js';
import { PgnFile, refuseUnreadable } from './pgn-file.js';
import { codeOf, NO_FLEET, sentenceOf } from './player.js';
import { progressFor } from './progress.js';
import { type Report, readable, reportOf } from './report.js';
import { Tally } from './tally.js';
import { TicTacToeRun } from './tic-tac-toe.js';

/** Runs the requested games and prints the report. Returns the exit code: 1 if the report contains a fault, else 0. */
export async function main(argv: readonly string[], context: ToolContext = {}): Promise<number> {
  const options = readOptions(argv, context.runningFile, context.call);
  try {
    const report = await play(options);
    console.log(options.json ? JSON.stringify(report) : readable(report));
    return report.ok ? 0 : 1;
  } catch (error) {
    const isNoFleet = codeOf(error) === NO_FLEET;
    const sentence = isNoFleet
      ? `No fleet answers at ${options.urls.join(', ')}. Start one with \`npm start\` or \`holdfast start\`.`
      : sentenceOf(error).replace(/^Error: /, '');
    console.log(options.json ? JSON.stringify({ ok: false, error: sentence }) : sentence);
    return 1;
  }
}

async function play(options: PlayersOptions): Promise<Report> {
  const tally = new Tally();
  const progress = progressFor(tally, options.json);
  const startedAt = performance.now();
  const elapsed = (): number => performance.now() - startedAt;
  if (options.game === 'chess') {
    const path = options.pgn as string;
    if (options.strict) await refuseUnreadable(path, progress);
    const file = await PgnFile.open(path);
    const run = new ChessRun(file, options, tally, progress);
    process.once('SIGINT', () => run.stop());
    await run.run().finally(() => file.close());
    return reportOf(options, tally, run.players, elapsed(), { file, run });
  }
  const run = new TicTacToeRun(options, tally, progress);
  process.once('SIGINT', () => run.stop());
  await run.run();
  return reportOf(options, tally, options.players + (options.players % 2), elapsed());
}
