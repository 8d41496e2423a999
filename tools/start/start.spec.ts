import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../process/free-port.mjs';
import { ended } from '../process/leashed.mjs';
import { eventually } from '../process/until.mjs';
import { findRedisServer } from '../redis/find-redis.mjs';
import { startRedis } from '../redis/start-redis.mjs';

/** The code of a fake server. The tests check that `npm start` starts, watches and stops processes with this code. */
const STAND_IN = `
  const { createServer } = require('node:http');
  const { writeFileSync } = require('node:fs');
  if (process.env.STAND_IN_FAILS) {
    console.log(JSON.stringify({ level: 'error', event: 'settings.wrong' }));
    process.exit(3);
  }
  const ops = createServer((_, response) => response.end());
  ops.listen(Number(process.env.OPS_PORT), '127.0.0.1', () => {
    const told = { id: process.env.SERVER_NAME, opsPort: ops.address().port };
    try {
      writeFileSync(process.env.HOLDFAST_READY_FILE, JSON.stringify(told));
    } catch {}
    console.log(JSON.stringify({ level: 'info', event: 'server.ready', ...told }));
  });
  setInterval(() => console.log(JSON.stringify({ level: 'info', event: 'stand-in.lives', filler: 'x'.repeat(20_000) })), 10);
  process.on('SIGTERM', () => process.exit(0));
`;

const home = mkdtempSync(join(tmpdir(), 'holdfast-start-'));
const dist = join(home, 'dist');
// Makes the fake servers CommonJS, even if a folder above has a package.json with `"type": "module"`.
writeFileSync(join(home, 'package.json'), '{}');
/** A small disk for the tests, if this user can mount one. */
const disk = join(home, 'disk');
let isMounted = false;
const started: ChildProcess[] = [];
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  mkdirSync(disk);
  isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', disk]).status === 0;
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

afterAll(() => {
  if (isMounted) spawnSync('umount', [disk]);
  rmSync(home, { recursive: true, force: true });
});

class Start {
  readonly child: ChildProcess;
  text = '';

  constructor(args: readonly string[], more: NodeJS.ProcessEnv = {}, output: 'pipe' | number = 'pipe') {
    this.child = spawn(process.execPath, ['tools/start/start.mjs', ...args], {
      cwd: join(__dirname, '../..'),
      env: { ...env, ...more },
      stdio: ['ignore', output, 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (chunk) => {
        this.text += chunk;
      });
    }
    started.push(this.child);
  }

  async says(pattern: RegExp): Promise<void> {
    await eventually(() => expect(this.text).toMatch(pattern), 20_000);
  }

  async end(): Promise<number | null> {
    if (!(await ended(this.child, 20_000))) throw new Error(`did not end:\n${this.text}`);
    return this.child.exitCode;
  }
}

function pids(): Record<string, number> {
  return JSON.parse(readFileSync(join(home, 'data/running.json'), 'utf8')).pids;
}

function pidsIfAny(): Record<string, number> {
  try {
    return pids();
  } catch {
    return {};
  }
}

async function changed<T>(value: () => T, from: T): Promise<void> {
  await eventually(() => expect(value()).not.toBe(from), 20_000);
}

/** Returns the command line of a process, as `ps` shows it to all users. */
function commandLineOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
}

function isRunning(pid: number): boolean {
  try {
    // A process that has ended and is not reaped yet has no command line.
    return commandLineOf(pid) !== '';
  } catch {
    return false;
  }
}

/** Returns the files and folders that other users can read, write or enter. */
function openToOthers(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => (lstatSync(join(folder, name)).mode & 0o077) !== 0);
}

/**
 * Fills the disk of this test, and keeps it full until a call of `makeRoom`. `isFull` is false when this user cannot mount a disk for the
 * test.
 */
function fillDisk(): { isFull: boolean; makeRoom(): void } {
  if (!isMounted) return { isFull: false, makeRoom: () => {} };
  const filler = openSync(join(disk, 'filler'), 'w');
  const fill = (): void => {
    for (const size of [1 << 20, 1 << 12, 1]) {
      try {
        for (;;) writeSync(filler, Buffer.alloc(size));
      } catch {
        // The disk has no free block of this size any more, so the test continues with a smaller size.
      }
    }
  };
  fill();
  // Other processes free space when they delete or rewrite files. So the test continues to fill the disk.
  const filling = setInterval(fill, 5);
  return {
    isFull: true,
    makeRoom: () => {
      clearInterval(filling);
      closeSync(filler);
      rmSync(join(disk, 'filler'));
    },
  };
}

describe('npm start', () => {
  it('restarts servers that die, and stops the whole fleet on Ctrl-C', async () => {
    const port = await freePort();
    const start = new Start(['--port', String(port), '--games', '3']);
    await start.says(/Ready after/);
    await start.says(new RegExp(`http://127\\.0\\.0\\.1:${port}`));
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

  it('prints and stores only the first token when ADMIN_TOKEN is a list', async () => {
    const start = new Start(['--port', String(await freePort())], { ADMIN_TOKEN: 'ada=the token of ada,bob=the token of bob' });
    await start.says(/Admin token +the token of ada\n/);
    expect(start.text).not.toContain('bob');
    expect(JSON.parse(readFileSync(join(home, 'data/running.json'), 'utf8')).adminToken).toBe('the token of ada');
  });

  it('stops the whole fleet when its terminal is closed', async () => {
    const start = new Start(['--port', String(await freePort())]);
    await start.says(/Ready after/);
    const running = pids();
    start.child.stdout?.destroy();
    start.child.kill('SIGHUP');
    await new Promise((resolve) => setTimeout(resolve, 700));
    start.child.kill('SIGHUP');
    expect(await start.end()).toBe(0);
    for (const pid of Object.values(running)) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  it('continues when no process reads its output, and reports the dropped lines', async () => {
    const start = new Start(['--port', String(await freePort())]);
    await start.says(/Ready after/);
    const before = pids();
    start.child.stdout?.destroy();
    process.kill(before['game 1'], 'SIGKILL');
    await start.says(/Nobody reads this output any more\. The fleet continues; .*Ctrl-C or run "kill \d+"/);
    await changed(() => pids()['game 1'] ?? before['game 1'], before['game 1']);
    expect(pids().redis).toBe(before.redis);
  });

  it('gives only the current user access to its files and its Redis', async () => {
    const data = join(home, 'data');
    for (const folder of ['logs', 'redis/appendonlydir']) mkdirSync(join(data, folder), { recursive: true });
    writeFileSync(join(data, 'logs/game-1.log'), 'an old line\n');
    writeFileSync(join(data, 'redis/dump.rdb.old'), 'old');
    for (const path of ['logs', 'redis', 'redis/appendonlydir']) chmodSync(join(data, path), 0o755);
    for (const path of ['logs/game-1.log', 'redis/dump.rdb.old']) chmodSync(join(data, path), 0o644);
    const start = new Start(['--port', String(await freePort())]);
    await start.says(/Ready after/);
    const running = JSON.parse(readFileSync(join(data, 'running.json'), 'utf8'));
    expect(openToOthers(data)).toEqual([]);

    const { hostname, port, password } = new URL(running.redisUrl);
    expect(hostname).toBe('127.0.0.1');
    expect(password.length).toBeGreaterThanOrEqual(32);
    const stranger = new Redis(Number(port), {
      lazyConnect: true,
      maxRetriesPerRequest: 0,
      enableReadyCheck: false,
      retryStrategy: () => null,
    });
    stranger.on('error', () => {});
    await expect(stranger.get('x')).rejects.toThrow('NOAUTH');
    stranger.disconnect();
    const client = new Redis(running.redisUrl);
    await client.set('x', '1');
    await client.call('BGREWRITEAOF');
    client.disconnect();
    const commands = Object.values(pids()).map(commandLineOf).join('\n');
    expect(commands).toContain('redis-server');
    for (const secret of [password, running.adminToken]) expect(commands).not.toContain(secret);
    expect(start.text).not.toContain(password);
    start.child.kill('SIGINT');
    expect(await start.end()).toBe(0);
    expect(openToOthers(data)).toEqual([]);
    for (const file of readdirSync(join(data, 'logs'))) expect(readFileSync(join(data, 'logs', file), 'utf8')).not.toContain(password);
  });

  it('continues while its disk is full, and reports the dropped lines when the disk has space again', async () => {
    const start = new Start(['--port', String(await freePort())], { HOLDFAST_DIR: disk });
    await start.says(/Ready after/);
    const running = () => JSON.parse(readFileSync(join(disk, 'running.json'), 'utf8')).pids as Record<string, number>;
    const before = running();
    const { isFull, makeRoom } = fillDisk();
    process.kill(before['game 1'], 'SIGKILL');
    process.kill(before.redis, 'SIGKILL');
    await start.says(/game 1 +is back/);
    await start.says(/redis +is back/);
    expect(start.child.exitCode).toBeNull();
    for (const label of ['gateway 1', 'lobby 1', 'game 2']) process.kill(before[label], 0);
    // Waits until the servers have written more lines than the memory buffer can contain.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    makeRoom();
    await changed(() => running()['game 1'], before['game 1']);
    const log = () => readFileSync(join(disk, 'logs/game-2.log'), 'utf8');
    if (isFull) await changed(() => /"lines":\d+,"reason":"ENOSPC","event":"log\.dropped"/.test(log()), false);
    start.child.kill('SIGINT');
    expect(await start.end()).toBe(0);
  });

  it('repeats a failed write of running.json until the write succeeds', async () => {
    const start = new Start(['--port', String(await freePort())]);
    await start.says(/Ready after/);
    const before = pids();
    const obstacle = join(home, 'data/running.json.draft');
    mkdirSync(join(obstacle, 'full'), { recursive: true });
    process.kill(before['game 1'], 'SIGKILL');
    await start.says(/running\.json cannot be written \(\w+\); trying again until it succeeds/);
    await start.says(/game 1 +is back/);
    expect(pids()).toEqual(before);
    rmSync(obstacle, { recursive: true });
    await changed(() => pids()['game 1'], before['game 1']);
  });

  it('starts when its output goes to a full disk', async () => {
    const full = openSync('/dev/full', 'w');
    const start = new Start(['--port', String(await freePort())], {}, full);
    closeSync(full);
    await changed(() => Object.keys(pidsIfAny()).length, 0);
    await changed(() => Object.keys(pidsIfAny()).length === 5, false);
    start.child.kill('SIGTERM');
    expect(await start.end()).toBe(0);
  });

  it('starts immediately after the last `npm start` in this folder was killed', async () => {
    const port = String(await freePort());
    const first = new Start(['--port', port]);
    await first.says(/Ready after/);
    const left = Object.values(pids());
    first.child.kill('SIGKILL');
    const second = new Start(['--port', port]);
    await second.says(/Ready after/);
    expect(left).toHaveLength(5);
    expect(left.filter(isRunning)).toEqual([]);
  });

  it('refuses to start a second fleet in the same folder', async () => {
    const first = new Start(['--port', String(await freePort())]);
    await first.says(/Ready after/);
    const second = new Start(['--port', String(await freePort())]);
    expect(await second.end()).toBe(1);
    expect(second.text).toContain(`is already running (pid ${first.child.pid}`);
  });

  it('refuses a port that is in use, and names the port and the remedy', async () => {
    const port = await freePort();
    const other = createServer().listen(port, '127.0.0.1');
    try {
      const start = new Start(['--port', String(port)]);
      expect(await start.end()).toBe(1);
      expect(start.text).toContain(
        `Port ${port} is in use, and gateway 1 needs it as PUBLIC_PORT. Choose other ports: npm start -- --port`,
      );
    } finally {
      other.close();
    }
  });

  it('checks the ports before the installation of packages', async () => {
    const port = await freePort();
    const other = createServer().listen(port, '127.0.0.1');
    try {
      const start = new Start(['--port', String(port)], { HOLDFAST_DIST: undefined, PATH: dirname(process.execPath) });
      expect(await start.end()).toBe(1);
      expect(start.text).toContain(`Port ${port} is in use`);
      for (const later of ['dependencies', 'build', 'Redis']) expect(start.text).not.toContain(later);
    } finally {
      other.close();
    }
  });

  it('starts on IPv6, and prints working addresses', async () => {
    const port = await freePort('::1');
    const start = new Start(['--port', String(port), '--host', '::1']);
    await start.says(new RegExp(`Play +http://\\[::1\\]:${port}\n`));
    expect(start.text).toContain(`TCP          [::1]:${port + 1}`);
    expect(start.text).toMatch(/Dashboard +http:\/\/127\.0\.0\.1:\d+/);
  });

  it('ignores the separator that pnpm adds', async () => {
    const port = await freePort();
    const start = new Start(['--', '--port', String(port)]);
    await start.says(new RegExp(`http://127\\.0\\.0\\.1:${port}`));
  });

  it('stores its data in a folder whose name has spaces and non-ASCII letters', async () => {
    const folder = join(home, 'Ablage für Spiele');
    const start = new Start(['--port', String(await freePort())], { HOLDFAST_DIR: folder });
    await start.says(/Ready after/);
    expect(readdirSync(folder).sort()).toEqual(['logs', 'redis', 'run', 'running.json']);
  });

  it('refuses a read-only folder for its data, and names the folder and the setting for another folder', async () => {
    const folder = join(home, 'read-only');
    mkdirSync(folder);
    // If this user cannot mount a read-only disk, a file in place of the folder has the same effect.
    const isReadOnly = spawnSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', folder]).status === 0;
    if (!isReadOnly) writeFileSync(join(folder, 'data'), '');
    try {
      const start = new Start([], { HOLDFAST_DIR: join(folder, 'data') });
      expect(await start.end()).toBe(1);
      expect(start.text.split('\n').at(-2)).toMatch(
        /^The folder .*read-only\/data cannot be written \(E\w+\)\. .*, or set HOLDFAST_DIR to a folder that this user can write\.$/,
      );
    } finally {
      if (isReadOnly) spawnSync('umount', [folder]);
    }
  });

  it('ends with a message that names the folder when the disk is full at the start', async () => {
    const { isFull, makeRoom } = fillDisk();
    try {
      if (!isFull) return;
      const start = new Start([], { HOLDFAST_DIR: join(disk, 'new') });
      expect(await start.end()).toBe(1);
      expect(start.text).toMatch(/The folder \S+ cannot be written \(ENOSPC\)\. Free some space on its disk, or set HOLDFAST_DIR/);
      expect(start.text).not.toContain('    at ');
    } finally {
      makeRoom();
    }
  });

  it.each([
    [['--host', 'http://localhost'], '--host is "http://localhost": it must be an IPv4 or IPv6 address of this machine, or its host name.'],
    [['--port', '99999'], '--port is "99999": it must be a whole number from 1 to 65525.'],
  ])('refuses the arguments %j in one sentence', async (argv, sentence) => {
    const start = new Start(argv);
    expect(await start.end()).toBe(2);
    expect(start.text).toBe(`${sentence}\n`);
  });

  it.each(['--redis-url', 'REDIS_URL_FILE'])('ends with a message when the Redis in %s does not answer', async (source) => {
    const url = `redis://:word@127.0.0.1:${await freePort()}`;
    const file = join(home, 'redis-url');
    writeFileSync(file, `${url}\n`);
    const start = source === '--redis-url' ? new Start([source, url]) : new Start([], { [source]: file });
    expect(await start.end()).toBe(1);
    expect(start.text).toMatch(/Redis at redis:\/\/\*\*\*@127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\)/);
    expect(start.text).not.toContain('word');
  });

  it('starts with a Redis whose password is in a file that the configuration file names', async () => {
    const redis = await startRedis({ dir: join(home, 'redis'), config: { requirepass: 'word' } });
    try {
      const [password, settings] = [join(home, 'password'), join(home, 'settings.json')];
      writeFileSync(password, 'word');
      writeFileSync(settings, JSON.stringify({ REDIS_URL: `redis://127.0.0.1:${redis.port}`, REDIS_PASSWORD_FILE: password }));
      const start = new Start(['--port', String(await freePort())], { HOLDFAST_CONFIG: settings });
      await start.says(/Ready after/);
    } finally {
      await redis.stop();
    }
  });

  it.each([
    ['redis://a:1', 'REDIS_URL and REDIS_URL_FILE are set: set only one of them.\n'],
    ['', `${join(home, 'redis-url')} is empty. Write the address of Redis into it.\n`],
  ])('refuses a REDIS_URL_FILE that contains %j when REDIS_URL has the same value', async (text, sentence) => {
    writeFileSync(join(home, 'redis-url'), text);
    const start = new Start([], { REDIS_URL: text, REDIS_URL_FILE: join(home, 'redis-url') });
    expect(await start.end()).toBe(1);
    expect(start.text).toBe(sentence);
  });

  it('prints the last output of a server that does not start, and then ends', async () => {
    const start = new Start(['--port', String(await freePort())], { STAND_IN_FAILS: '1' });
    expect(await start.end()).toBe(1);
    expect(start.text).toMatch(/ended with exit code 3 before it was ready; its last output:\n +error: settings\.wrong/);
  });
});
