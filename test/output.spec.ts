import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findDebianProgram } from '../tools/process/debian-program.mjs';
import { ROOT } from '../tools/process/paths.mjs';
import { mainOf } from '../tools/start/launch-server.mjs';
import { FleetServer } from '../tools/testing/fleet-server.js';
import { type Fleet, LedgerGame, startFleet, until } from './harness/index.js';

const TALKATIVE = join(ROOT, 'test/harness/talkative-server.mjs');
/**
 * Limits for the time from a liveness probe to its answer, in ms, while the server formats many log lines. The limit for the longest time
 * is high, because the machine is perhaps busy.
 */
const LIVEZ_MS = { median: 100, longest: 1_000 };
const GAMES = 6;

describe('a fleet that logs to a full disk', () => {
  let fleet: Fleet;
  let full: number;
  beforeAll(async () => {
    full = openSync('/dev/full', 'w');
    fleet = await startFleet({ games: 2, testGames: { turnMs: 60_000 }, output: full });
  }, 60_000);
  afterAll(async () => {
    await fleet.stop();
    closeSync(full);
  });

  it('recovers each game of a killed server, and counts the dropped log lines', async () => {
    const games = await LedgerGame.many(fleet, GAMES);
    await Promise.all(games.map((game) => game.goesOn()));
    const owner = await fleet.ownerOf(games[0].rooms[0]);
    owner.kill();
    await Promise.all(games.map((game) => game.goesOn(5, 20_000)));
    await Promise.all(games.map((game) => game.settled()));
    // The gateway logs the eviction and the recovery. The log buffer of the gateway keeps these lines until the disk has free space.
    const [gateway] = fleet.gateways;
    expect((await gateway.ops('/livez')).status).toBe(200);
    expect((await gateway.ops('/metrics')).text).toMatch(/holdfast_log_lines_dropped_total\{stream="stdout"/);
  }, 60_000);
});

describe('a server whose output no process reads', () => {
  let home: string;
  let fleet: Fleet;
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'holdfast-output-'));
    fleet = await startFleet({ games: 1, testGames: { turnMs: 60_000 }, env: { HEALTH_INTERVAL_MS: '500' } });
  }, 60_000);
  afterAll(async () => {
    await fleet.stop();
    rmSync(home, { recursive: true, force: true });
  });

  it.each(['json', 'pretty'])(
    'answers health checks while 100,000 lines are logged (format: %s)',
    async (format) => {
      const path = join(home, `${format}.fifo`);
      execFileSync('mkfifo', [path]);
      const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const output = openSync(path, constants.O_WRONLY);
      const server = await FleetServer.start(
        {
          type: 'game',
          name: `talkative-${format}`,
          main: TALKATIVE,
          output,
          env: { ...fleet.settings(), LOG_FORMAT: format, OPS_PORT: '0' },
        },
        home,
      );
      closeSync(output);
      try {
        process.kill(server.pid, 'SIGUSR2');
        const waits: number[] = [];
        const until3s = performance.now() + 3_000;
        while (performance.now() < until3s) {
          const askedAt = performance.now();
          expect((await server.ops('/livez')).status).toBe(200);
          waits.push(performance.now() - askedAt);
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        waits.sort((a, b) => a - b);
        expect(waits[waits.length >> 1]).toBeLessThan(LIVEZ_MS.median);
        expect(waits.at(-1)).toBeLessThan(LIVEZ_MS.longest);
        expect(await fleet.redis.client.hget(server.id, 'deadReason')).toBeNull();
        expect(
          Number(/holdfast_log_lines_dropped_total\{stream="stdout".*\} (\d+)/.exec((await server.ops('/metrics')).text)?.[1]),
        ).toBeGreaterThan(50_000);

        const read = readWhile(reader);
        await until(() => read().includes('log.dropped'), 10_000);
        const lost = /log\.dropped.*?lines=(\d+)|"lines":(\d+),.*?"event":"log\.dropped"/.exec(read());
        const kept = read().match(/line\.written|lines\.written|^printed/gm)?.length ?? 0;
        const all = Number(lost?.[1] ?? lost?.[2]) + kept;
        // The server can also drop lines that the test did not write, for example about its health. So the upper limit is above the number
        // of lines that the test writes.
        expect(all).toBeGreaterThanOrEqual(110_001);
        expect(all).toBeLessThan(110_020);
        server.kill('SIGTERM');
        expect(await server.exited).toEqual({ code: 0, signal: null });
        expect(read()).toContain('server.left');
      } finally {
        server.kill();
        closeSync(reader);
      }
    },
    60_000,
  );

  it('stops on SIGTERM with exit code 0', async () => {
    const path = join(home, 'ending.fifo');
    execFileSync('mkfifo', [path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const output = openSync(path, constants.O_WRONLY);
    const server = await FleetServer.start(
      { type: 'game', name: 'ending', main: TALKATIVE, output, env: { ...fleet.settings(), OPS_PORT: '0' } },
      home,
    );
    closeSync(output);
    process.kill(server.pid, 'SIGUSR2');
    await until(async () => /dropped_total\{stream="stdout".*\} [1-9]/.test((await server.ops('/metrics')).text), 10_000);
    server.kill('SIGTERM');
    expect(await server.exited).toEqual({ code: 0, signal: null });
    closeSync(reader);
  }, 30_000);

  it('answers HTTP requests, and reports the dropped lines when its output is read again', async () => {
    // The output of the child process is a socket and not a pipe. The same is true under `npm start`.
    const child = spawn(process.execPath, [TALKATIVE], {
      cwd: ROOT,
      env: { ...process.env, ...fleet.settings(), SERVER_NAME: 'unread', OPS_PORT: '0', HOLDFAST_READY_FILE: join(home, 'unread.json') },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    try {
      const { opsPort } = await until(() => JSON.parse(readFileSync(join(home, 'unread.json'), 'utf8')) as { opsPort: number }, 20_000);
      const dropped = async () => (await fetch(`http://127.0.0.1:${opsPort}/metrics`)).text();
      child.kill('SIGUSR2');
      await until(async () => /dropped_total\{stream="stdout".*\} [1-9]/.test(await dropped()), 10_000);
      let said = '';
      child.stdout.on('data', (chunk) => {
        said += chunk;
      });
      await until(() => said.includes('log.dropped'), 10_000);
    } finally {
      child.kill('SIGKILL');
    }
  }, 30_000);

  it('continues when the process that reads its output ends', async () => {
    const path = join(home, 'alone.fifo');
    execFileSync('mkfifo', [path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const output = openSync(path, constants.O_WRONLY);
    const server = await FleetServer.start(
      { type: 'game', name: 'alone', main: TALKATIVE, output, env: { ...fleet.settings(), OPS_PORT: '0' } },
      home,
    );
    closeSync(output);
    closeSync(reader);
    process.kill(server.pid, 'SIGUSR2');
    await until(async () => /dropped_total\{stream="stdout".*\} [1-9]/.test((await server.ops('/metrics')).text), 10_000);
    server.kill('SIGTERM');
    expect(await server.exited).toEqual({ code: 0, signal: null });
  }, 30_000);
});

describe('a server that stops normally', () => {
  it.each(['json', 'pretty'])(
    'writes its last lines into the log file (format: %s)',
    async (format) => {
      const home = mkdtempSync(join(tmpdir(), 'holdfast-output-'));
      const fleet = await startFleet();
      const file = join(home, 'server.log');
      const output = openSync(file, 'w');
      try {
        const server = await FleetServer.start(
          { type: 'lobby', main: mainOf('lobby'), name: 'last', output, env: { ...fleet.settings(), LOG_FORMAT: format, OPS_PORT: '0' } },
          home,
        );
        server.kill('SIGTERM');
        expect(await server.exited).toEqual({ code: 0, signal: null });
        const said = readFileSync(file, 'utf8');
        expect(said).toContain('server.ready');
        expect(said.trimEnd().split('\n').at(-1)).toContain('server.left');
      } finally {
        closeSync(output);
        await fleet.stop();
        rmSync(home, { recursive: true, force: true });
      }
    },
    60_000,
  );
});

describe('a server whose log file is rotated by logrotate as in deploy/logrotate', () => {
  it('continues to write into the emptied file, and loses no line from before or after the rotation', async () => {
    const found = await findDebianProgram({ package: 'logrotate' });
    if ('missing' in found) throw new Error(found.missing);
    const home = mkdtempSync(join(tmpdir(), 'holdfast-output-'));
    const fleet = await startFleet();
    const file = join(home, 'server.log');
    const output = openSync(file, 'a');
    try {
      const env = { ...fleet.settings(), LOG_FORMAT: 'json', OPS_PORT: '0' };
      const server = await FleetServer.start({ type: 'lobby', main: mainOf('lobby'), name: 'rotated', output, env }, home);
      await until(() => readFileSync(file, 'utf8').includes('server.ready'));
      const configuration = readFileSync(join(ROOT, 'deploy/logrotate/holdfast'), 'utf8').replaceAll('/var/log/holdfast', home);
      writeFileSync(join(home, 'logrotate.conf'), configuration, { mode: 0o600 });
      execFileSync(found.command, ['--force', '--state', join(home, 'state'), join(home, 'logrotate.conf')], { env: found.env });
      expect(readFileSync(file, 'utf8')).not.toContain('server.ready');

      server.kill('SIGTERM');
      expect(await server.exited).toEqual({ code: 0, signal: null });
      const events = (path: string): unknown[] =>
        readFileSync(path, 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line).event);
      expect(events(`${file}.1`)).toContain('server.ready');
      expect(events(file)).toContain('server.left');
    } finally {
      closeSync(output);
      await fleet.stop();
      rmSync(home, { recursive: true, force: true });
    }
  }, 60_000);
});

describe('a server after its terminal is closed (SIGHUP)', () => {
  it('drains as it does after SIGTERM, whichever type of server it is', async () => {
    const fleet = await startFleet({ gateways: 2, lobbies: 2, games: 2, testGames: { turnMs: 60_000 } });
    try {
      const game = await LedgerGame.begin(fleet);
      await game.goesOn();
      const owner = await fleet.ownerOf(game.rooms[0]);
      for (const server of [owner, fleet.lobbies[0], fleet.gateways[0]]) {
        server.kill('SIGHUP');
        expect(await server.exited).toEqual({ code: 0, signal: null });
        expect(server.logged('server.left')).toHaveLength(1);
        await game.goesOn();
      }
      expect(owner.logged('room.moved')).toHaveLength(1);
      await game.settled();
    } finally {
      await fleet.stop();
    }
  }, 60_000);
});

/** Starts to read a FIFO. Returns a function that returns all bytes that were read so far. */
function readWhile(fd: number): () => string {
  const chunk = Buffer.alloc(1 << 16);
  const chunks: Buffer[] = [];
  return () => {
    for (;;) {
      let length = 0;
      try {
        length = readSync(fd, chunk);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      }
      if (length === 0) break;
      chunks.push(Buffer.from(chunk.subarray(0, length)));
    }
    return Buffer.concat(chunks).toString();
  };
}
