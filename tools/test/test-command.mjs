import { spawn } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { build } from '../build/build.mjs';
import { install } from '../install/install.mjs';
import { whenNpmIsGone } from '../process/npm-parent.mjs';
import { HOLDFAST_DIR, ROOT } from '../process/paths.mjs';
import { findRedisServer } from '../redis/find-redis.mjs';
import { Terminal } from '../start/terminal.mjs';
import { findChromium } from './find-chromium.mjs';
import { readResults, summaryLine } from './results.mjs';

const RESULTS = join(HOLDFAST_DIR, 'test-results');

/**
 * Most of an integration test is waiting, for processes that start and verdicts that fall, so two of them share a
 * machine of two cores. Those that hold a promise against the clock have it to themselves.
 */
const SIDE_BY_SIDE = ['--maxWorkers', String(Math.max(2, Math.floor(availableParallelism() / 4)))];
const PHASES = [
  { name: 'unit', args: ['--selectProjects', 'unit', ...SIDE_BY_SIDE] },
  { name: 'integration', args: ['--selectProjects', 'integration', '--testPathIgnorePatterns', 'test/timed/', ...SIDE_BY_SIDE] },
  { name: 'timed', args: ['--selectProjects', 'integration', '--testPathPatterns', 'test/timed/', '--maxWorkers', '1'] },
];

/** @param {string[]} argv for jest: a path, --watch, -t NAME; without any, all tests run */
export async function main(argv) {
  const terminal = new Terminal();
  const env = { ...process.env };
  try {
    await terminal.step('dependencies', async (say) => {
      const { installed } = await install({ log: say });
      say(installed ? 'dependencies installed' : 'dependencies are there');
    });
    await terminal.step('build', async (say) => {
      const { built } = await build({ log: say });
      say(built.length > 0 ? `built ${built.join(', ')}` : 'build is current');
    });
    if (!env.HOLDFAST_TEST_REDIS_URL) {
      await terminal.step('Redis', async (say) => {
        const { source } = await findRedisServer({ log: say });
        say(`Redis: ${source}`);
      });
    }
    await terminal.step('Chromium', async (say) => {
      const found = await findChromium({ log: say });
      if ('path' in found) env.CHROMIUM_PATH = found.path;
      say('path' in found ? `Chromium: ${found.path}` : `browser tests will be skipped: ${found.missing}`);
    });
  } catch (error) {
    console.error(`\n${error instanceof Error ? error.message : error}`);
    process.exit(1);
  }

  await rm(RESULTS, { recursive: true, force: true });
  await mkdir(RESULTS, { recursive: true });
  const phases = argv.length > 0 ? [{ name: 'chosen', args: argv }] : PHASES;
  let failed = false;
  for (const { name, args } of phases) {
    if (interrupted) break;
    terminal.line(terminal.paint('1', `\n${name} tests`));
    // Forced, since a connection that one test forgot must not keep a whole run from ending.
    failed = (await jest([...args, '--forceExit', '--json', '--outputFile', join(RESULTS, `${name}.json`)], env)) !== 0 || failed;
  }
  const names = phases.map(({ name }) => name);
  terminal.line(`\n${summaryLine(await readResults(RESULTS, names))}`);
  process.exit(failed ? 1 : 0);
}

let interrupted = false;

/** @param {string[]} args @param {NodeJS.ProcessEnv} env @returns {Promise<number>} its exit code */
function jest(args, env) {
  // Jest's --json also prints all of it on standard output, which nobody reads here; the report goes to standard error.
  const child = spawn(process.execPath, [join(ROOT, 'node_modules/jest/bin/jest.js'), ...args], {
    cwd: ROOT,
    env,
    stdio: ['inherit', 'ignore', 'inherit'],
  });
  const stop = () => {
    interrupted = true;
    child.kill('SIGTERM');
  };
  // Ctrl-C reaches jest too, which stops its Redis; we stay to hear of its end.
  process.on('SIGINT', () => {
    interrupted = true;
  });
  process.once('SIGTERM', stop);
  whenNpmIsGone(stop);
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}
