import { spawn } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { build } from '../build/build.mjs';
import { install } from '../install/install.mjs';
import { findNetTools } from '../network/find-net-tools.mjs';
import { whenNpmIsGone } from '../process/npm-parent.mjs';
import { HOLDFAST_DIR, ROOT } from '../process/paths.mjs';
import { PlainError, UsageError } from '../process/plain-error.mjs';
import { findRedisServer } from '../redis/find-redis.mjs';
import { Terminal } from '../start/terminal.mjs';
import { findChromium } from './find-chromium.mjs';
import { findNode } from './find-node.mjs';
import { readResults, summaryLine } from './results.mjs';

const RESULTS = join(HOLDFAST_DIR, 'test-results');

const CORES = availableParallelism();
/** At least three unit tests run at once even on few cores, because some unit tests mostly wait. */
const UNIT_WORKERS = ['--maxWorkers', String(Math.max(3, Math.floor(CORES / 2)))];
/**
 * An integration test mostly waits for the start of processes and for evictions. So a machine with two cores runs two integration tests at
 * once. Tests that compare durations with a limit run alone.
 */
const FLEET_WORKERS = ['--maxWorkers', String(Math.max(2, Math.floor(CORES / 4)))];

/** The phases of `npm test`. */
const PHASES = [
  { name: 'unit', args: ['--selectProjects', 'unit', ...UNIT_WORKERS] },
  {
    name: 'integration',
    args: ['--selectProjects', 'integration', '--testPathIgnorePatterns', 'test/timed/', 'test/long/', 'test/outside/', ...FLEET_WORKERS],
  },
  { name: 'timed', args: ['--selectProjects', 'integration', '--testPathPatterns', 'test/timed/', '--maxWorkers', '1'] },
];
/** The phase of `npm run test:long`. It tests failures that are rare, or that appear only after a long time. */
const LONG_PHASES = [{ name: 'long', args: ['--selectProjects', 'integration', '--testPathPatterns', 'test/long/', ...FLEET_WORKERS] }];

/**
 * The phase of `npm run test:outside`. It tests whole projects outside of this repository. Each project installs hundreds of packages, so
 * CI runs only short forms of these tests.
 */
const OUTSIDE_PHASE = {
  name: 'outside',
  args: ['--selectProjects', 'integration', '--testPathPatterns', 'test/outside/', '--maxWorkers', '1'],
};

/** The phase of `npm run model`. It explores more random walks of the model than `npm test`. */
const MODEL_PHASE = { name: 'model', args: ['--selectProjects', 'integration', '--testPathPatterns', 'test/model/', '--maxWorkers', '1'] };

/** The names of the phases whose results CI adds up. Each phase writes its own result file. */
export const ALL_PHASES = [...PHASES, ...LONG_PHASES].map(({ name }) => name);
/** The names of all phases except the phase of the long tests. Some machines are too slow for the long tests. */
export const SHORT_PHASES = PHASES.map(({ name }) => name);

/** @param {string[]} argv `--long`, `--outside`, `--model`, `--node LINE` before others, or arguments for jest (a path, --watch, -t NAME); without any, all phases of `npm test` run */
export async function main(argv) {
  if (argv[0] === '--node') return testOnNode(argv[1], argv.slice(2));
  const terminal = new Terminal();
  const env = { ...process.env };
  try {
    await terminal.step('dependencies', async (say) => {
      const { installed } = await install({ log: say });
      say(installed ? 'dependencies installed' : 'dependencies are current');
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
    await terminal.step('network', async (say) => {
      const found = await findNetTools({ log: say });
      say('tools' in found ? `network: ${found.tools.ip}, ${found.tools.nft}` : `partition tests will be skipped: ${found.missing}`);
    });
  } catch (error) {
    console.error(`\n${error instanceof Error ? error.message : error}`);
    process.exit(1);
  }

  if (argv[0] === '--model') env.MODEL_LONG = '1';
  const phases = phasesFor(argv);
  await mkdir(RESULTS, { recursive: true });
  // Deletes only the result files of the phases that run now. CI adds up the results of several commands, so the other files must stay.
  await Promise.all(phases.map(({ name }) => rm(join(RESULTS, `${name}.json`), { force: true })));
  let failed = false;
  for (const { name, args } of phases) {
    if (interrupted) break;
    terminal.line(terminal.paint('1', `\n${name} tests`));
    // `--forceExit` ends the run, even if a test has left a connection open.
    failed = (await jest([...args, '--forceExit', '--json', '--outputFile', join(RESULTS, `${name}.json`)], env)) !== 0 || failed;
  }
  const names = phases.map(({ name }) => name);
  terminal.line(`\n${summaryLine(await readResults(RESULTS, names))}`);
  process.exit(failed ? 1 : 0);
}

/**
 * Runs this command with another release line of Node.
 *
 * @param {string | undefined} line @param {string[]} argv
 */
async function testOnNode(line, argv) {
  if (!line || !/^\d+$/.test(line)) throw new UsageError('Name a line of Node: npm run test:node -- 24');
  const found = await findNode(line, { log: (text) => console.error(text) });
  if ('missing' in found) throw new PlainError(found.missing);
  const child = spawn(found.path, [join(ROOT, 'tools/test/test.mjs'), ...argv], {
    stdio: 'inherit',
    env: { ...process.env, PATH: `${dirname(found.path)}${delimiter}${process.env.PATH}` },
  });
  // Ctrl-C also reaches the child process. So this process ignores the signal, and waits until the child process has ended.
  process.on('SIGINT', () => {});
  process.once('SIGTERM', () => child.kill('SIGTERM'));
  process.exitCode = await new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}

/** @param {string[]} argv */
function phasesFor(argv) {
  const [first, ...rest] = argv;
  if (first === '--outside') return [{ ...OUTSIDE_PHASE, args: [...OUTSIDE_PHASE.args, ...rest] }];
  if (first === '--model') return [{ ...MODEL_PHASE, args: [...MODEL_PHASE.args, ...rest] }];
  if (first === '--long') return rest.length > 0 ? [{ name: 'chosen', args: [...LONG_PHASES[0].args, ...rest] }] : LONG_PHASES;
  return argv.length > 0 ? [{ name: 'chosen', args: argv }] : PHASES;
}

let interrupted = false;

/** @param {string[]} args @param {NodeJS.ProcessEnv} env @returns {Promise<number>} its exit code */
function jest(args, env) {
  // With --json, jest also prints the results to standard output. This process ignores them. The report for people is on standard error.
  const child = spawn(process.execPath, [join(ROOT, 'node_modules/jest/bin/jest.js'), ...args], {
    cwd: ROOT,
    env,
    stdio: ['inherit', 'ignore', 'inherit'],
  });
  const stop = () => {
    interrupted = true;
    child.kill('SIGTERM');
  };
  // Ctrl-C also reaches jest, which then stops its Redis. So this process starts no further phase, and waits until jest has ended.
  process.on('SIGINT', () => {
    interrupted = true;
  });
  process.once('SIGTERM', stop);
  whenNpmIsGone(stop);
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}
