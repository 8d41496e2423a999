import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { PoisonReport } from '../tools/poison/src/main.js';
import { ROOT } from '../tools/process/paths.mjs';

const MINUTE = 60_000;
const FREE_OF_LOSS = [
  'loop in command',
  'loop in timer',
  'loop in step',
  'loop in setup',
  'allocation without limit',
  'process.exit',
  'false interrupt in view',
  'error that cannot be described',
  'throw in many timers of its own',
  'unhandled rejection',
];
const COSTS_A_SERVER = ['native call in command', 'native call in timer', 'fatal call in command', 'fatal call in timer'];

/** A short run of `npm run poison`. Developers start the whole run themselves. */
describe('a hostile game', () => {
  it(
    'affects only its own room, except that an uninterruptible handler kills one server',
    async () => {
      const report = await poison('--rooms', '6', '--commands-per-second', '20', '--cases', ...FREE_OF_LOSS, ...COSTS_A_SERVER);
      expect(report.violations).toEqual([]);
      expect(report.cases.flatMap(({ name, faults }) => faults.map((fault) => `${name}: ${fault}`))).toEqual([]);
      expect(report.cases).toHaveLength(FREE_OF_LOSS.length + COSTS_A_SERVER.length);
      expect(report).toMatchObject({ ok: true });
      expect(report.acknowledged).toBeGreaterThan(100);
    },
    4 * MINUTE,
  );
});

function poison(...options: string[]): Promise<PoisonReport> {
  const args = [join(ROOT, 'tools/poison/run.mjs'), '--json', ...options];
  return new Promise((resolve, reject) => {
    // The test kills only the process of the tool. The child processes must end with it, even after SIGKILL.
    execFile(process.execPath, args, { cwd: ROOT, timeout: 3.5 * MINUTE, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      try {
        resolve(JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as PoisonReport);
      } catch {
        reject(error ?? new Error(`no report: ${stdout}\n${stderr}`));
      }
    });
  });
}
