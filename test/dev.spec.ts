import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TicTacToe } from '#games/tic-tac-toe';
import { connect, type Room, type Session } from '#libs/client/node';
import { freePort } from '../tools/process/free-port.mjs';
import { ended } from '../tools/process/leashed.mjs';
import { DIST, ROOT } from '../tools/process/paths.mjs';
import { findRedisServer } from '../tools/redis/index.mjs';
import { until } from './harness/index.js';

const RULES = 'games/tic-tac-toe/src/tic-tac-toe.ts';

/** `npm run dev` in a copy of this repository. The copy uses the installed packages and the build of the repository. */
class DevelopedFleet {
  text = '';

  private constructor(
    readonly root: string,
    readonly port: number,
    private readonly child: ChildProcess,
  ) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => {
        this.text += chunk;
      });
    }
  }

  static async start(...options: string[]): Promise<DevelopedFleet> {
    const root = await mkdtemp(join(tmpdir(), 'holdfast-dev-'));
    const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: ROOT, encoding: 'utf8' })
      .split('\0')
      .filter(
        (file) => /^(apps|libs|games|dashboard|tools|bench|packages)\/|^[^/]+\.json$|^\.swcrc$/.test(file) && existsSync(join(ROOT, file)),
      );
    for (const folder of new Set(files.map((file) => dirname(file)))) await mkdir(join(root, folder), { recursive: true });
    await Promise.all(files.map((file) => cp(join(ROOT, file), join(root, file))));
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
    await cp(DIST, join(root, 'dist'), { recursive: true, filter: (path) => !path.includes(join(DIST, 'packages')) });
    await mkdir(join(root, 'config'));
    await writeFile(join(root, 'config/settings.json'), '{}');
    const port = await freePort();
    const redis = await findRedisServer();
    const { HOLDFAST_DIR, HOLDFAST_DIST, REDIS_URL, ...env } = process.env;
    const child = spawn(process.execPath, ['tools/start/start.mjs', '--watch', '--no-types', '--port', String(port), ...options], {
      cwd: root,
      env: { ...env, ...redis.env, HOLDFAST_CONFIG: 'config/settings.json', PATH: `${dirname(redis.command)}:${process.env.PATH}` },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const fleet = new DevelopedFleet(root, port, child);
    await fleet.says(/Ready after/);
    return fleet;
  }

  async says(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    return until(() => pattern.exec(this.text.slice(from)), 60_000).catch(() => {
      throw new Error(`${pattern} was not printed:\n${this.text}`);
    });
  }

  pids(): Record<string, number> {
    return JSON.parse(readFileSync(join(this.root, '.holdfast/running.json'), 'utf8')).pids;
  }

  edit(change: (text: string) => string): void {
    const file = join(this.root, RULES);
    writeFileSync(file, change(readFileSync(file, 'utf8')));
  }

  async stop(): Promise<void> {
    this.child.kill('SIGTERM');
    if (!(await ended(this.child, 30_000))) this.child.kill('SIGKILL');
    await rm(this.root, { recursive: true, force: true, maxRetries: 3 });
  }
}

describe('npm run dev', () => {
  let fleet: DevelopedFleet;
  let players: readonly Session[];
  let room: Room<TicTacToe>;
  let guest: Room<TicTacToe>;
  const pauses: string[] = [];

  beforeAll(async () => {
    fleet = await DevelopedFleet.start();
    const url = `ws://127.0.0.1:${fleet.port}/play`;
    players = await Promise.all(['Ada', 'Bob'].map((name) => connect(url, { name })));
    room = await players[0].createRoom<TicTacToe>({ game: 'tic-tac-toe', private: true });
    guest = await players[1].joinRoom<TicTacToe>(room.id);
    await guest.ready();
    await room.start();
    await room.waitFor(({ status, state }) => status === 'playing' && state !== undefined, { timeoutMs: 10_000 });
    room.on('pause', (reason) => pauses.push(reason));
    await room.send('place', { cell: 0 });
  }, 120_000);

  afterAll(async () => {
    for (const player of players ?? []) player.detach();
    await fleet?.stop();
  });

  /**
   * Returns the code with which the game refuses the player whose turn it is not. Both players try a cell that is already marked, because
   * the turn can change during the test on a slow machine.
   */
  async function refusal(): Promise<string> {
    const attempts = [room, guest].map((each) => each.send('place', { cell: 0 }).catch(({ code }) => code as string));
    return (await Promise.all(attempts)).find((code) => code !== 'cell-taken') as string;
  }

  it('applies edited rules to a running game, and restarts only game servers', async () => {
    const before = fleet.pids();
    expect(await refusal()).toBe('not-your-turn');
    fleet.edit((text) => text.replace("'not-your-turn'", "'wait-for-your-turn'"));
    // Prints the duration, but checks no limit for it, because the duration depends on the load of the machine.
    const [report] = await fleet.says(/game servers run the new build, \d+ ms after the edit/);
    process.stderr.write(`${report}\n`);
    await until(async () => (await refusal()) === 'wait-for-your-turn');
    await until(() => fleet.pids()['game 2'] !== before['game 2'], 30_000);
    const after = fleet.pids();
    expect(after['game 1']).not.toBe(before['game 1']);
    for (const label of ['gateway 1', 'lobby 1', 'redis']) expect(after[label]).toBe(before[label]);
    expect(room.state?.cells[0]).toBe(0);
    expect(pauses).toEqual([]);
  });

  it('keeps the old build when the edited code cannot start, and runs the next valid edit', async () => {
    const before = fleet.pids();
    let from = fleet.text.length;
    fleet.edit((text) => `${text}throw new Error('the rules are broken');\n`);
    await fleet.says(/not started, so the old build keeps running: game 1 ended with exit code 1[\s\S]*the rules are broken/, from);
    // Perhaps the second game server was starting when the new build came. In that case the tool stopped this server, and now starts it
    // again.
    await until(() => fleet.pids()['game 2'] !== undefined, 30_000);
    for (const label of ['game 1', 'gateway 1', 'lobby 1', 'redis']) expect(fleet.pids()[label]).toBe(before[label]);
    expect(await refusal()).toBe('wait-for-your-turn');

    from = fleet.text.length;
    fleet.edit((text) => `${text}const unfinished = ;\n`);
    await fleet.says(/not built, so the old build keeps running: [\s\S]*Expression expected/, from);
    // The build has failed, so a server that dies starts again with the old build.
    process.kill(before['game 1'], 'SIGKILL');
    await fleet.says(/game 1 +is back/, from);
    expect(await refusal()).toBe('wait-for-your-turn');

    fleet.edit((text) =>
      text
        .replace(/throw new Error.*\n/, '')
        .replace(/const unfinished.*\n/, '')
        .replace("'wait-for-your-turn'", "'not-yet'"),
    );
    await until(async () => (await refusal()) === 'not-yet', 60_000);
  });

  it('stops a new server with an endless loop when a newer edit arrives, and runs that edit at once', async () => {
    const code = await refusal();
    const marker = join(fleet.root, 'loop-has-started');
    const loop = `process.getBuiltinModule('node:fs').writeFileSync(${JSON.stringify(marker)}, String(process.pid));\nwhile (true) {}\n`;
    fleet.edit((text) => `${text}${loop}`);
    const looping = Number(await until(() => existsSync(marker) && readFileSync(marker, 'utf8'), 30_000));
    const from = fleet.text.length;
    fleet.edit((text) => text.replace(loop, '').replace(`'${code}'`, "'be-patient'"));
    await until(async () => (await refusal()) === 'be-patient', 30_000);
    const [report] = await fleet.says(/game servers run the new build, \d+ ms after the edit/, from);
    process.stderr.write(`${report}\n`);
    expect(() => process.kill(looping, 0)).toThrow('ESRCH');
    expect(fleet.text.slice(from)).not.toContain('not started');
  }, 90_000);

  it.each([
    ['.env', 'LOG_LEVEL=info\n'],
    ['config/settings.json', '{ "LOG_LEVEL": "info" }'],
  ])('says within two seconds that an edit of %s needs a new start of the fleet', async (file, content) => {
    const from = fleet.text.length;
    writeFileSync(join(fleet.root, file), content);
    await until(() => fleet.text.includes(`${file} was edited, but this fleet still runs with its former content`, from), 2_000);
  });
});
