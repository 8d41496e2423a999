import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../tools/process/paths.mjs';

/** The watchdog relies on behavior of Node that is not documented: a Node where it is another fails here. */
describe('the watchdog, in a process of its own', () => {
  it('interrupts what runs, names nobody afterwards, and tells its interrupts from others', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, 'test/fixtures/watchdog-checks.mjs')], { timeout: 40_000 });
    expect(JSON.parse(stdout)).toEqual({
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
