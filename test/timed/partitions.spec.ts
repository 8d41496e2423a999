import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { PartitionReport } from '../../tools/partitions/src/main.js';
import { ROOT } from '../../tools/process/paths.mjs';

const MINUTE = 60_000;
const PROBE = spawnSync(process.execPath, [join(ROOT, 'tools/network/probe.mjs')], { encoding: 'utf8' });
const missing = PROBE.status === 0 ? null : PROBE.stdout.trim() || PROBE.stderr.trim();
if (missing) console.warn(`Partitions are not tested with a real network: ${missing}`);
const withNetwork = missing ? it.skip : it;

/** A short run of `npm run partitions`. Developers start the whole run themselves. */
describe('a fleet whose servers have network namespaces', () => {
  withNetwork(
    'continues within 5 s after each cut, and moves only rooms whose server a majority of the gateways cannot reach',
    async () => {
      const report = await partitions('game-gateways', 'game-redis', 'one-gateway');
      expect(report.violations).toEqual([]);
      expect(report.cases.flatMap(({ name, violations }) => violations.map((violation) => `${name}: ${violation}`))).toEqual([]);
      expect(report.cases.map(({ name, cuts }) => `${name} ${cuts}`)).toEqual(['game-gateways 1', 'game-redis 1', 'one-gateway 1']);
      expect(report.acknowledged).toBeGreaterThan(200);
      expect(report).toMatchObject({ ok: true });
    },
    3 * MINUTE,
  );
});

function partitions(...cases: string[]): Promise<PartitionReport> {
  const args = [
    join(ROOT, 'tools/partitions/run.mjs'),
    '--json',
    '--repeat',
    '1',
    '--rooms',
    '8',
    '--commands-per-second',
    '40',
    '--cases',
  ];
  return new Promise((resolve, reject) => {
    // The tool removes its network namespaces when it ends, even after SIGTERM.
    execFile(
      process.execPath,
      [...args, ...cases],
      { cwd: ROOT, timeout: 2.5 * MINUTE, killSignal: 'SIGTERM' },
      (error, stdout, stderr) => {
        try {
          resolve(JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as PartitionReport);
        } catch {
          reject(error ?? new Error(`no report: ${stdout}\n${stderr}`));
        }
      },
    );
  });
}
