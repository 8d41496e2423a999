import { execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../tools/process/free-port.mjs';
import { ended } from '../tools/process/leashed.mjs';
import { DIST, ROOT } from '../tools/process/paths.mjs';
import { eventually } from '../tools/process/until.mjs';
import { findRedisServer } from '../tools/redis/index.mjs';

const run = promisify(execFile);
const TEST_TIMEOUT_MS = 300_000;
const READY_MS = 60_000;

/**
 * Returns an executable of this release line of Node, or the reason why there is none. Runs a child process synchronously, because Jest
 * must know at definition time which tests to skip.
 */
function nodeOfLine(line: string): { path: string } | { missing: string } {
  const program = `
    const { findNode } = await import(${JSON.stringify(join(ROOT, 'tools/test/find-node.mjs'))});
    console.log(JSON.stringify(await findNode('${line}', { log: console.error })));
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  return stdout ? JSON.parse(stdout) : { missing: stderr };
}

/** CI runs all tests on each maintained release line of Node. This spec only plays a few games on the other lines. */
describe('a fleet on another Node', () => {
  for (const line of ['22', '24']) {
    const found = nodeOfLine(line);
    if ('missing' in found) console.warn(`Node ${line} is not tested: ${found.missing}`);
    ('path' in found ? it : it.skip)(
      `starts on Node ${line}, plays and stops`,
      () => play('path' in found ? found.path : ''),
      TEST_TIMEOUT_MS,
    );
  }
});

/** Starts a fleet and plays on it, both on the given Node. */
async function play(node: string): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'holdfast-node-'));
  const port = await freePort();
  // With the slash at the end, this path is not equal to DIST. So the fleet does not build the folder again for this Node.
  const redis = await findRedisServer();
  const env = {
    ...redis.env,
    HOLDFAST_DIR: home,
    HOLDFAST_DIST: `${DIST}/`,
    REDIS_URL: '',
    PATH: `${dirname(redis.command)}${delimiter}${process.env.PATH}`,
  };
  const fleet = spawn(node, [join(ROOT, 'tools/start/start.mjs'), '--port', String(port)], { env });
  let output = '';
  for (const stream of [fleet.stdout, fleet.stderr])
    stream.on('data', (text) => {
      output += text;
    });
  try {
    await eventually(() => expect(output).toContain('Ready after'), READY_MS);
    const { pids } = JSON.parse(await readFile(join(home, 'running.json'), 'utf8'));
    for (const label of ['gateway 1', 'lobby 1', 'game 1', 'game 2'])
      expect(await readFile(`/proc/${pids[label]}/cmdline`, 'utf8')).toContain(node);
    const program = `
          const { main } = await import(${JSON.stringify(join(DIST, 'tools/players/src/main.js'))});
          process.exit(await main(['--players', '2', '--seconds', '1', '--json', '--url', 'ws://127.0.0.1:${port}/play']));
        `;
    const { stdout } = await run(node, ['--input-type=module', '-e', program], { env });
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ ok: true });
    expect(report.games).toBeGreaterThan(0);
    expect(output).not.toMatch(/Deprecation|ExperimentalWarning|error:/);
  } finally {
    fleet.kill('SIGTERM');
    if (!(await ended(fleet, 30_000))) fleet.kill('SIGKILL');
    await rm(home, { recursive: true, force: true, maxRetries: 3 });
  }
  expect(fleet.exitCode).toBe(0);
}
