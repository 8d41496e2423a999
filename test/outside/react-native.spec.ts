import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { decodePlayerMessage, encodeServerMessage, type RoomView } from '#libs/protocol';
import { ROOT } from '../../tools/process/paths.mjs';

const run = promisify(execFile);
const HERMES = process.platform === 'darwin' ? 'osx-bin' : 'linux64-bin';
/** A session of `conformance/sessions.json`: a whole game of tic-tac-toe. */
const SESSION = 'a game of tic-tac-toe with compact syncs';

/**
 * A step of the session: a frame that the player or the server sends, as hexadecimal digits, or only the state that the client must have.
 */
interface Step {
  readonly fromPlayer?: { readonly kind: string };
  readonly toPlayer?: { readonly kind: string };
  readonly frame?: string;
  readonly state?: unknown;
}

/**
 * The tools of React Native come from npm: Metro with the preset of React Native, its compiler for Hermes, and the command line of Hermes.
 * React Native itself runs there with its own WebSocket. Only its native modules are replaced, by `device.js`.
 *
 * The version of React Native is the newest one that runs on every Node that Holdfast supports. The command line of Hermes is older than
 * the compiler, so it runs the bundle and not the bytecode.
 */
describe('an app of React Native that uses the client', () => {
  let folder: string;
  let bundle: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-react-native-'));
    await cp(join(ROOT, 'test/fixtures/react-native'), folder, { recursive: true });
    await run(process.execPath, [join(ROOT, 'tools/packages/run.mjs'), 'client']);
    const client = join(ROOT, 'dist/packages/client');
    const flags = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
    await run('npm', ['install', ...flags, '--install-links', client], { cwd: folder });
    await run(process.execPath, ['bundle.mjs'], { cwd: folder });
    bundle = join(folder, 'app.bundle.js');
  }, 600_000);

  afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));

  it('is bundled by Metro without any module that only Node has', async () => {
    const { sources } = JSON.parse(await readFile(join(folder, 'app.bundle.map'), 'utf8')) as { sources: string[] };
    const ofClient = sources.filter((source) => source.includes('/@holdfast/client/'));
    expect(ofClient.map((source) => source.replace(/.*\//, ''))).toEqual(
      expect.arrayContaining(['index.js', 'compact.js', 'chat.js', 'lobby.js', 'realtime.js']),
    );
    expect(ofClient.filter((source) => source.endsWith('/node.js'))).toEqual([]);
    expect(sources.filter((source) => source.includes('/node_modules/ws/'))).toEqual([]);
    const required = await Promise.all(ofClient.map(async (source) => [...importsOf(await readFile(source, 'utf8'))]));
    expect(required.flat().filter((name) => builtinModules.includes(name.replace(/^node:/, '')))).toEqual([]);
  });

  it('is compiled to bytecode by the compiler of React Native', async () => {
    const bytecode = join(folder, 'app.hbc');
    const compiler = join(folder, 'node_modules/hermes-compiler/hermesc', HERMES, 'hermesc');
    await run(compiler, ['-emit-binary', '-O', '-w', '-out', bytecode, bundle]);
    // The first eight bytes of every file of Hermes bytecode.
    expect((await readFile(bytecode)).subarray(0, 8).toString('hex')).toBe('c61fbc03c103191f');
  }, 120_000);

  it('plays a whole game on Hermes with the WebSocket of React Native', async () => {
    const { frames, sent, state } = await game();
    const program = join(folder, 'device-with-app.js');
    const parts = await Promise.all(['device.js', 'app.bundle.js'].map((file) => readFile(join(folder, file), 'utf8')));
    await writeFile(program, [`var STEPS = ${JSON.stringify(frames)};`, ...parts].join('\n'));
    const hermes = join(folder, 'node_modules/hermes-engine-cli', HERMES, 'hermes');
    const { stdout } = await run(hermes, ['-w', program]);
    const lines = stdout.trim().split('\n');
    const linesOf = (kind: string) => lines.filter((line) => line.startsWith(`${kind} `)).map((line) => line.slice(kind.length + 1));
    expect(linesOf('log').map((line) => JSON.parse(line))).toEqual([
      {
        platform: 'android',
        entries: ['function', 'function', 'function', 'function'],
        state,
        result: { reason: 'finished', result: { winner: 0, by: 'line', line: [2, 4, 6] } },
      },
    ]);
    expect(linesOf('connect').map((line) => JSON.parse(line))).toEqual([
      { url: 'ws://127.0.0.1:7000/play', protocols: ['holdfast.v1.compact', 'holdfast.v1.msgpack'] },
    ]);
    const messages = linesOf('frame').map((frame) => decodePlayerMessage(Buffer.from(frame, 'base64')));
    expect(messages).toEqual(sent);
  }, 120_000);
});

interface Game {
  /** The frames of the session, in base64 and in order. */
  readonly frames: { fromPlayer?: string; toPlayer?: string }[];
  /** The messages that the player sends in the session. */
  readonly sent: unknown[];
  /** The state that the client must have at the end of the session. */
  readonly state: unknown;
}

async function game(): Promise<Game> {
  const { sessions } = JSON.parse(await readFile(join(ROOT, 'conformance/sessions.json'), 'utf8')) as {
    sessions: { name: string; steps: Step[] }[];
  };
  const steps = sessions.find(({ name }) => name === SESSION)?.steps ?? [];
  const frames = steps.flatMap(({ fromPlayer, toPlayer, frame }): Game['frames'] => {
    if (!frame) return [];
    const data = Buffer.from(frame, 'hex').toString('base64');
    if (fromPlayer) return [{ fromPlayer: data }];
    // `quickMatch` waits for the message with the room. The recorded session does not contain this message, so it is added here.
    return toPlayer?.kind === 'placed' ? [{ toPlayer: roomFrame() }, { toPlayer: data }] : [{ toPlayer: data }];
  });
  return {
    frames,
    sent: steps.flatMap(({ fromPlayer }) => fromPlayer ?? []),
    state: steps.filter(({ state }) => state !== undefined).at(-1)?.state,
  };
}

function roomFrame(): string {
  const room = {
    id: 'r-42',
    game: 'tic-tac-toe',
    name: 'tic-tac-toe',
    status: 'playing',
    rev: 1,
    owner: 'u-1',
    seats: 2,
    members: [
      { user: 'u-1', name: 'Ada', seat: 0, ready: true, here: true },
      { user: 'u-2', name: 'Bob', seat: 1, ready: true, here: true },
    ],
  } as unknown as RoomView;
  return Buffer.from(encodeServerMessage({ kind: 'room', room })).toString('base64');
}

function* importsOf(code: string): Iterable<string> {
  for (const [, name] of code.matchAll(/(?:from|import|require\()\s*["']([^"']+)["']/g)) yield name as string;
}
