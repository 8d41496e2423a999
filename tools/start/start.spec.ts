import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { freePort } from '../process/free-port.mjs';
import { ended } from '../process/leashed.mjs';
import { findRedisServer } from '../redis/find-redis.mjs';

/** `npm start` as a process, with stand-ins for the servers: what is tried here is who starts, watches and stops them. */
const STAND_IN = `
  const { createServer } = require('node:http');
  const { writeFileSync } = require('node:fs');
  if (process.env.STAND_IN_FAILS) {
    console.log(JSON.stringify({ level: 'error', event: 'settings.wrong' }));
    process.exit(3);
  }
  const ops = createServer((_, response) => response.end());
  ops.listen(Number(process.env.OPS_PORT), '127.0.0.1', () =>
    writeFileSync(process.env.HOLDFAST_READY_FILE, JSON.stringify({ id: process.env.SERVER_NAME, opsPort: ops.address().port })));
  process.on('SIGTERM', () => process.exit(0));
`;

const home = mkdtempSync(join(tmpdir(), 'holdfast-start-'));
const dist = join(home, 'dist');
const started: ChildProcess[] = [];
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  for (const type of ['gateway', 'lobby', 'game']) {
    mkdirSync(join(dist, 'apps', type, 'src'), { recursive: true });
    writeFileSync(join(dist, 'apps', type, 'src/main.js'), STAND_IN);
  }
  const server = await findRedisServer();
  env = {
    ...server.env,
    PATH: `${dirname(server.command)}:${process.env.PATH}`,
    HOLDFAST_DIST: dist,
    HOLDFAST_DIR: join(home, 'data'),
    REDIS_URL: '',
  };
});

afterEach(async () => {
  for (const child of started.splice(0)) {
    child.kill('SIGTERM');
    if (!(await ended(child, 10_000))) child.kill('SIGKILL');
  }
});

afterAll(() => rmSync(home, { recursive: true, force: true }));

class Start {
  readonly child: ChildProcess;
  text = '';

  constructor(args: readonly string[], more: NodeJS.ProcessEnv = {}) {
    this.child = spawn(process.execPath, ['tools/start/start.mjs', ...args], { cwd: join(__dirname, '../..'), env: { ...env, ...more } });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (chunk) => {
        this.text += chunk;
      });
    }
    started.push(this.child);
  }

  async says(pattern: RegExp): Promise<void> {
    const deadline = Date.now() + 20_000;
    while (!pattern.test(this.text)) {
      if (Date.now() > deadline) throw new Error(`never said ${pattern}:\n${this.text}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async end(): Promise<number | null> {
    if (!(await ended(this.child, 20_000))) throw new Error(`did not end:\n${this.text}`);
    return this.child.exitCode;
  }
}

function pids(): Record<string, number> {
  return JSON.parse(readFileSync(join(home, 'data/running.json'), 'utf8')).pids;
}

describe('npm start', () => {
  it('starts a fleet, names and restarts what dies, and stops all of it on Ctrl-C', async () => {
    const port = await freePort();
    const start = new Start(['--port', String(port), '--games', '3']);
    await start.says(/Ready after/);
    expect(start.text).toContain(`http://127.0.0.1:${port}`);
    expect(Object.keys(pids()).sort()).toEqual(['game 1', 'game 2', 'game 3', 'gateway 1', 'lobby 1', 'redis']);
    const before = pids();
    process.kill(before['game 2'], 'SIGKILL');
    await start.says(/game 2 +died \(SIGKILL\)/);
    await start.says(/game 2 +is back/);
    const after = pids();
    expect(after['game 2']).not.toBe(before['game 2']);
    start.child.kill('SIGINT');
    expect(await start.end()).toBe(0);
    for (const pid of Object.values(after)) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  it('starts at once after the last one was killed, and takes its leftovers away', async () => {
    const port = String(await freePort());
    const first = new Start(['--port', port]);
    await first.says(/Ready after/);
    first.child.kill('SIGKILL');
    const second = new Start(['--port', port]);
    await second.says(/Ready after/);
  });

  it('refuses to start a second fleet of the same folder', async () => {
    const first = new Start(['--port', String(await freePort())]);
    await first.says(/Ready after/);
    const second = new Start(['--port', String(await freePort())]);
    expect(await second.end()).toBe(1);
    expect(second.text).toContain(`runs already (pid ${first.child.pid}`);
  });

  it('says in one sentence which port is taken and what to do', async () => {
    const port = await freePort();
    const other = createServer().listen(port, '127.0.0.1');
    try {
      const start = new Start(['--port', String(port)]);
      expect(await start.end()).toBe(1);
      expect(start.text).toContain(`Port ${port} is in use, and gateway 1 needs it as PUBLIC_PORT. Choose others: npm start -- --port`);
    } finally {
      other.close();
    }
  });

  it('says in one sentence that the Redis it was given does not answer', async () => {
    const start = new Start(['--redis-url', `redis://:word@127.0.0.1:${await freePort()}`]);
    expect(await start.end()).toBe(1);
    expect(start.text).toMatch(/Redis at redis:\/\/\*\*\*@127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\)/);
    expect(start.text).not.toContain('word');
  });

  it("ends with a server's own last words when that does not start", async () => {
    const start = new Start(['--port', String(await freePort())], { STAND_IN_FAILS: '1' });
    expect(await start.end()).toBe(1);
    expect(start.text).toMatch(/ended with exit code 3 before it was ready; it said last:\n +error: settings\.wrong/);
  });
});
