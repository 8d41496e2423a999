import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { connect, type Session } from '#libs/client/node';
import { freePort } from '../../tools/process/free-port.mjs';
import { ended } from '../../tools/process/leashed.mjs';
import { ROOT } from '../../tools/process/paths.mjs';
import { findRedisServer } from '../../tools/redis/index.mjs';
import { until } from '../harness/index.js';

const run = promisify(execFile);
const PACKAGES = ['client', 'game-kit', 'server', 'testing', 'cli'];
/**
 * Time limit from an edit until a server runs the new code, in ms. It allows for a busy machine, but is shorter than the start of a whole
 * fleet.
 */
const ANSWER_MS = 2_000;

const FILES: Readonly<Record<string, string>> = {
  'src/gateway.ts': "import { startGateway } from '@holdfast/server';\n\nawait startGateway();\n",
  'src/lobby.ts': "import { startLobby } from '@holdfast/server';\n\nawait startLobby();\n",
  'src/game.ts':
    "import { startGameServer } from '@holdfast/server';\nimport { CounterModule } from './counter.js';\n\nawait startGameServer({ games: [CounterModule] });\n",
  'src/counter.ts': `import { Command, Game, type GameRoom, type GameRules } from '@holdfast/game-kit';
import { Injectable, Module } from '@nestjs/common';

@Injectable()
class Step {
  readonly size: number = 1;
}

@Game({ name: 'counter', version: 1, seats: { min: 1, max: 2 } })
class Counter implements GameRules<{ count: number }> {
  constructor(private readonly step: Step) {}

  setup() {
    return { count: 0 };
  }

  @Command()
  add(room: GameRoom<{ count: number }>): void {
    room.state.count += this.step.size;
  }
}

@Module({ providers: [Counter, Step] })
export class CounterModule {}
`,
  'fleet.test.mjs': `import assert from 'node:assert/strict';
import test from 'node:test';
import { TestFleet } from '@holdfast/testing';

test('a game continues on another server', { timeout: 60_000 }, async () => {
  const fleet = await TestFleet.start({ games: 2 });
  try {
    const ann = await fleet.connect({ name: 'ann' });
    const room = await ann.createRoom({ game: 'counter' });
    await room.start();
    await room.waitFor(({ status, state }) => status === 'playing' && state !== undefined);
    await room.send('add');
    const owner = await fleet.ownerOf(room);
    await fleet.kill(owner);
    await room.send('add');
    assert.equal(room.state.count, 2);
    assert.notEqual((await fleet.ownerOf(room)).id, owner.id);
  } finally {
    await fleet.stop();
  }
});
`,
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      target: 'es2022',
      module: 'nodenext',
      rootDir: 'src',
      outDir: 'dist',
      strict: true,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      types: ['node'],
      skipLibCheck: true,
    },
    include: ['src'],
  }),
};

describe('a separate project with the packed packages', () => {
  let root: string;
  let holdfast: string;
  let env: NodeJS.ProcessEnv;
  let child: ChildProcess | undefined;
  let text = '';
  let player: Session;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'holdfast-project-'));
    await run(process.execPath, [join(ROOT, 'tools/packages/run.mjs')]);
    const tarballs = join(root, 'tarballs');
    await mkdir(tarballs);
    await Promise.all(
      PACKAGES.map((name) => run('npm', ['pack', '--silent', '--pack-destination', tarballs], { cwd: join(ROOT, 'dist/packages', name) })),
    );
    const packed = await readdir(tarballs);
    const dependencies = Object.fromEntries(
      PACKAGES.map((name) => [`@holdfast/${name}`, `file:tarballs/${packed.find((file) => file.startsWith(`holdfast-${name}-`))}`]),
    );
    for (const [file, content] of Object.entries(FILES)) {
      await mkdir(join(root, dirname(file)), { recursive: true });
      writeFileSync(join(root, file), content);
    }
    writeFileSync(join(root, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies }));
    await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline'], { cwd: root });
    // Links the compiler and the types of this repository, so that npm need not install them.
    await symlink(join(ROOT, 'node_modules/typescript'), join(root, 'node_modules/typescript'));
    await mkdir(join(root, 'node_modules/@types'), { recursive: true });
    await symlink(join(ROOT, 'node_modules/@types/node'), join(root, 'node_modules/@types/node')).catch(() => {});
    holdfast = join(root, 'node_modules/.bin/holdfast');
    const redis = await findRedisServer();
    const { HOLDFAST_DIR, HOLDFAST_DIST, REDIS_URL, NODE_OPTIONS, ...rest } = process.env;
    env = { ...rest, ...redis.env, PATH: `${dirname(redis.command)}:${process.env.PATH}` };
  }, 300_000);

  afterAll(async () => {
    player?.detach();
    child?.kill('SIGTERM');
    if (child && !(await ended(child, 30_000))) child.kill('SIGKILL');
    await rm(root, { recursive: true, force: true, maxRetries: 3 });
  });

  function says(pattern: RegExp): Promise<RegExpExecArray> {
    return until(() => pattern.exec(text), 120_000).catch(() => {
      throw new Error(`${pattern} was not printed:\n${text}`);
    });
  }

  function edit(from: string, to: string): void {
    const file = join(root, 'src/counter.ts');
    writeFileSync(file, readFileSync(file, 'utf8').replace(from, to));
  }

  it('is built, started, updated after edits and type-checked by `holdfast dev`', async () => {
    const port = await freePort();
    child = spawn(holdfast, ['dev', '--port', String(port)], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => {
        text += chunk;
      });
    }
    const [, startSeconds] = await says(/Ready after ([\d.]+) s/);
    await says(/types are correct/);
    player = await connect(`ws://127.0.0.1:${port}/play`, { name: 'Ann' });
    const room = await player.createRoom({ game: 'counter' });
    await room.start();
    await room.waitFor(({ status, state }) => status === 'playing' && state !== undefined, { timeoutMs: 10_000 });
    const count = (): number => (room.state as { count: number }).count;
    const step = async (): Promise<number> => {
      const before = count();
      await room.send('add');
      return count() - before;
    };
    expect(await step()).toBe(1);
    const startedAt = performance.now();
    edit('number = 1;', 'number = 10;');
    await until(async () => (await step()) === 10, 60_000);
    const answerMs = performance.now() - startedAt;
    process.stderr.write(`an edit of rules in a project was answered after ${Math.round(answerMs)} ms (fleet start ${startSeconds} s)\n`);
    expect(answerMs).toBeLessThan(Math.max(ANSWER_MS, Number(startSeconds) * 1_000));
    edit('size: number = 10', "size: number = 'ten'");
    await says(/types +src\/counter\.ts\(6,12\): error TS2322/);
    // Restores the compiled rules, because the later tests use them.
    edit("size: number = 'ten'", 'size: number = 1');
    await until(() => /size = 1;/.test(readFileSync(join(root, 'dist/counter.js'), 'utf8')), 60_000);
  }, 180_000);

  it.each(['tsconfig.json', 'holdfast.config.json'])(
    'says in `holdfast dev` that an edit of %s needs a new start of the fleet',
    async (file) => {
      const path = join(root, file);
      const before = existsSync(path) ? readFileSync(path, 'utf8') : '{}';
      writeFileSync(path, `${before}\n`);
      await says(new RegExp(`${file} was edited, but this fleet still runs with its former content`));
    },
  );

  it('can be operated by `holdfast fleet`, even when the reader of the output closes the pipe', async () => {
    const { stdout } = await run('bash', ['-c', '"$0" fleet servers | head -1', holdfast], { cwd: root, env });
    expect(stdout).toMatch(/^SERVER +STATE/);
    const { stdout: games } = await run(holdfast, ['fleet', '--json', 'list', '--type', 'gateway'], { cwd: root, env });
    expect(JSON.parse(games).servers.map(({ id }: { id: string }) => id)).toEqual(['hf:gateway:1']);
    const { stdout: rooms } = await run(holdfast, ['fleet', '--json', 'rooms', '--game', 'counter'], { cwd: root, env });
    expect(JSON.parse(rooms).rooms).toHaveLength(1);
    const { stdout: settings } = await run(holdfast, ['config', '--print', '--type', 'game'], { cwd: root, env });
    expect(settings).toMatch(/^ {2}MAX_GAMES=1000 {2}\(default\)$/m);
  }, 60_000);

  it('is tested by its own test runner with a `TestFleet`', async () => {
    const { stdout } = await run(process.execPath, ['--test', 'fleet.test.mjs'], { cwd: root, env }).catch((error) => {
      throw new Error(`the test of the project failed:\n${error.stdout}${error.stderr}`);
    });
    expect(stdout).toMatch(/pass 1/);
  }, 90_000);
});
