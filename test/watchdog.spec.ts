import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../tools/process/paths.mjs';

/** The watchdog relies on undocumented behavior of Node. So this test must fail with a version of Node that behaves differently. */
describe('the watchdog in a separate process', () => {
  it('interrupts a running handler, and ignores interrupts from other sources', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, 'test/fixtures/watchdog-checks.mjs')], { timeout: 40_000 });
    expect(JSON.parse(stdout)).toEqual({
      earlyCtrlC: 1,
      loop: 'OverrunError',
      falseInterrupt: 'FromTheGame',
      stopped: 'OverrunError',
      resumesAt: 2,
      done: [1],
      currentAfter: null,
      currentInLaterTimer: null,
      native: 'OverrunError',
      mistakenForCtrlC: 0,
      ctrlC: 1,
    });
  }, 60_000);
});
