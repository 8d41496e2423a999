import { spawn } from 'node:child_process';
import { fstatSync } from 'node:fs';

const STDOUT = 1;

/**
 * Ends this process when the reader of its output has ended, as in `npm run fleet -- list | head -1`. Otherwise the process would end with
 * a stack trace.
 */
export function endWithReader() {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code !== 'EPIPE') throw error;
      process.exit(0);
    });
  }
}

/**
 * Ends this process soon after the reader of its output has ended, also while it writes nothing. For commands that run for a long time and
 * only show something: a command that changes a fleet must not end in the middle.
 *
 * Node notices a closed pipe only when it writes. GNU `tail -f` polls its output and then ends by SIGPIPE, so this function starts one with
 * the same output. Another `tail` refuses `--pid` and ends at once. This process then ends at its next write.
 */
export function endSoonAfterReader() {
  if (!fstatSync(STDOUT).isFIFO()) return;
  // With `--pid`, tail ends also when this process was killed. Otherwise it would keep the pipe open.
  const tail = spawn('tail', ['-f', '-s', '0.5', `--pid=${process.pid}`, '/dev/null'], { stdio: ['ignore', 'inherit', 'ignore'] });
  tail.on('error', () => {});
  tail.once('exit', (_, signal) => {
    if (signal === 'SIGPIPE') process.exit(0);
  });
  tail.unref();
  process.once('exit', () => tail.kill());
}
