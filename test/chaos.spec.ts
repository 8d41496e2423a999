import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { Report } from '../tools/chaos/src/report.js';
import { ROOT } from '../tools/process/paths.mjs';

const SEED = 20_261;
const MINUTE = 60_000;

/** A short run of `npm run chaos`. Developers start long runs themselves. */
describe('a fleet whose servers and Redis fail at random', () => {
  it(
    'applies each acknowledged command and pays each transfer exactly once',
    async () => {
      const report = await chaos(
        '--minutes',
        '0.3',
        '--every',
        '2.5',
        '--rooms',
        '8',
        '--others',
        '4',
        '--commands-per-second',
        '50',
        '--banks',
        '3',
      );
      expect(report.violations).toEqual([]);
      expect(report.ok).toBe(true);
      expect(report.faults).toBeGreaterThan(3);
      expect(report.counts.games).toBeGreaterThan(8);
      expect(report.counts.acknowledged).toBeGreaterThan(200);
      expect(report.bank.games).toBeGreaterThan(2);
      expect(report.bank.paid).toBeGreaterThan(10);
    },
    3 * MINUTE,
  );
});

describe('a fleet whose servers are restarted in turn', () => {
  it(
    'applies each command exactly once',
    async () => {
      const shape = ['--gateways', '2', '--lobbies', '2', '--games', '2'];
      const report = await chaos('--rolling', ...shape, '--rooms', '6', '--others', '12', '--commands-per-second', '40');
      expect(report.violations).toEqual([]);
      expect(report).toMatchObject({ ok: true, faults: 6, ticTacToe: { lost: 0, doubled: 0 } });
      expect(report.ticTacToe.games).toBeGreaterThan(5);
    },
    3 * MINUTE,
  );
});

function chaos(...options: string[]): Promise<Report> {
  const args = [join(ROOT, 'tools/chaos/run.mjs'), '--seed', String(SEED), '--json', ...options];
  return new Promise((resolve, reject) => {
    // The test kills only the process of the tool. The child processes must end with it, even after SIGKILL.
    execFile(process.execPath, args, { cwd: ROOT, timeout: 2.5 * MINUTE, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      try {
        resolve(JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Report);
      } catch {
        reject(error ?? new Error(`no report: ${stdout}\n${stderr}`));
      }
    });
  });
}
