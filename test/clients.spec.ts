import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { generate } from 'selfsigned';
import type { RoomDetail } from '#libs/admin';
import { compileCsharp } from '../tools/languages/compile-csharp.mjs';
import { findMono } from '../tools/languages/find-mono.mjs';
import { findPython } from '../tools/languages/find-python.mjs';
import { ROOT } from '../tools/process/paths.mjs';
import { ExampleProcess } from './harness/example-process.js';
import { type Fleet, type FleetServer, startFleet, until } from './harness/index.js';

const run = promisify(execFile);

/** The commands that start the programs of one client. */
interface Programs {
  readonly ticTacToe: readonly string[];
  readonly arena: readonly string[];
  readonly conformance: string;
  /** Tests the codecs with the vectors of conformance/. */
  readonly vectors: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Deletes the compiled programs. */
  readonly remove?: () => Promise<void>;
}

interface Language {
  readonly name: string;
  /** Compiles or finds the programs. Returns the programs, or the reason why this machine cannot run them. */
  prepare(): Promise<Programs | { missing: string }>;
}

const LANGUAGES: readonly Language[] = [
  { name: 'Python', prepare: preparePython },
  { name: 'C#', prepare: prepareCsharp },
];

describe('the client for Node', () => {
  it('passes all conformance cases', () => passesConformance('node tools/conformance/node-client.mjs', process.env), 120_000);
});

describe.each(LANGUAGES)('the client for $name', ({ name, prepare }) => {
  let fleet: Fleet;
  let programs: Programs | null = null;
  const processes: ExampleProcess[] = [];

  beforeAll(async () => {
    const found = await prepare();
    if ('missing' in found) {
      process.stderr.write(`\nSKIPPED: the client for ${name} is not tested, because ${found.missing}.\n`);
      return;
    }
    programs = found;
    fleet = await startFleet({ gateways: 2, lobbies: 1, games: 2 });
  }, 600_000);
  afterEach(async () => {
    for (const one of processes.splice(0)) one.kill();
    if (!programs) return;
    for (const server of fleet.servers.filter(({ exit }) => exit)) await fleet.restart(server);
    await fleet.whole();
  }, 30_000);
  afterAll(async () => {
    await fleet?.stop();
    await programs?.remove?.();
  });

  function start(command: readonly string[], args: readonly string[]): ExampleProcess {
    const one = new ExampleProcess(command, args, programs!.env);
    processes.push(one);
    return one;
  }

  /**
   * Returns the gateway to which a player of this room is connected. On a slow machine it can be the second gateway in the player's list.
   */
  async function gatewayOf(player: string, room: string): Promise<FleetServer> {
    const { members, connections } = (await fleet.admin('GET', `/api/rooms/${room}`)) as RoomDetail;
    const user = members.find(({ name }) => name === player)?.user;
    const gateway = connections.find((connection) => connection.user === user)?.gateway;
    return fleet.gateways.find(({ id }) => id === gateway) as FleetServer;
  }

  it('passes all conformance cases', async () => {
    if (!programs) return;
    await run(programs.vectors[0]!, programs.vectors.slice(1), { cwd: ROOT, env: programs.env });
    await passesConformance(programs.conformance, programs.env);
  }, 120_000);

  it.each(['nonsense', 'http://127.0.0.1:7000/play'])('says that %s is not the URL of a gateway', async (url) => {
    if (!programs) return;
    const player = start(programs.ticTacToe, [url, '--name', 'Ada']);
    expect(await player.ended()).not.toBe(0);
    expect(player.lines.join('\n')).toMatch(/\S+ is not the URL of a WebSocket: it must begin with ws/);
    expect(player.lines.join('\n')).not.toContain('could not decode');
  });

  it('describes the usage of the examples with --help', async () => {
    if (!programs) return;
    for (const program of [programs.ticTacToe, programs.arena]) {
      const example = start(program, ['--help']);
      expect(await example.ended()).toBe(0);
      expect(example.lines[0]).toMatch(/^usage: /);
      expect(example.lines.join('\n')).toContain('--name');
    }
  });

  it.each([
    ['an unknown option', ['ws://127.0.0.1:1/play', '--bogus', 'X'], /--bogus/],
    ['an option without a value', ['ws://127.0.0.1:1/play', '--name'], /--name/],
    ['no gateway', [], /url/i],
  ])('prints the usage of the examples and exits with code 2 after %s', async (_, args, problem) => {
    if (!programs) return;
    for (const program of [programs.ticTacToe, programs.arena]) {
      const example = start(program, args);
      expect(await example.ended()).toBe(2);
      expect(example.lines.join('\n')).toMatch(/^stderr: usage: /);
      expect(example.lines.join('\n')).toMatch(problem);
    }
  });

  it.each([
    ['--think-ms', 'soon'],
    ['--room', 'any'],
  ])('ends tic-tac-toe with exit code 2 when the value of %s is %s', async (option, value) => {
    if (!programs) return;
    const example = start(programs.ticTacToe, ['ws://127.0.0.1:1/play', option, value]);
    expect(await example.ended()).toBe(2);
    expect(example.lines.join('\n')).toMatch(new RegExp(`${option}.*${value}`));
  });

  it('plays tic-tac-toe to its end when its game server and its gateway are killed', async () => {
    if (!programs) return;
    const [one, two] = fleet.gateways.map(({ publicUrl }) => publicUrl) as [string, string];
    const ada = start(programs.ticTacToe, [one, two, '--name', 'Ada', '--think-ms', '400']);
    const bob = start(programs.ticTacToe, [two, one, '--name', 'Bob', '--think-ms', '400']);
    const id = await ada.says(/^room (\S+)/);
    await Promise.race([ada.says(/^placed/), bob.says(/^placed/)]);
    const owner = await fleet.ownerOf({ id });
    owner.kill();
    await ada.says(/^paused/);
    const before = ada.lines.length;
    await ada.says(/^placed/, { from: before });
    const gateway = await gatewayOf('Ada', id);
    gateway.kill();
    await ada.says(/^connection reconnecting/);
    expect([await ada.ended(), await bob.ended()]).toEqual([0, 0]);
    for (const player of [ada, bob]) {
      // Both players take the first free cell, so the first player wins with the seventh move. With a lost or repeated move, they would
      // take other cells.
      expect(player.lines).toContain('cells [0, 1, 0, 1, 0, 1, 0, null, null]');
      expect(JSON.parse(await player.says(/^result (.*)/))).toEqual({
        reason: 'finished',
        result: { winner: 0, by: 'line', line: [2, 4, 6] },
      });
      expect(player.lines.filter((line) => line.startsWith('refused'))).toEqual([]);
    }
    expect([...ada.lines, ...bob.lines].filter((line) => line.startsWith('placed'))).toHaveLength(7);
  }, 90_000);

  it('continues to steer its ship when its game server and its gateway are killed', async () => {
    if (!programs) return;
    const urls = fleet.gateways.slice(0, 2).map(({ publicUrl }) => publicUrl);
    const pilot = start(programs.arena, [...urls, '--name', 'Ada', '--seconds', '60']);
    const id = await pilot.says(/^room (\S+)/);
    const first = await stepAfter(pilot, 0);
    const owner = await fleet.ownerOf({ id });
    owner.kill();
    await pilot.says(/^paused/);
    const second = await stepAfter(pilot, first.step);
    const gateway = await gatewayOf('Ada', id);
    gateway.kill();
    await pilot.says(/^connection open/);
    const third = await stepAfter(pilot, second.step);
    expect(second.input).toBeGreaterThan(first.input);
    expect(third.input).toBeGreaterThan(second.input);
    pilot.kill();
  }, 90_000);

  it('plays over TLS, and refuses an untrusted certificate', async () => {
    if (!programs) return;
    const home = await mkdtemp(join(tmpdir(), 'holdfast-clients-tls-'));
    try {
      const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec', algorithm: 'sha256' });
      const [certificate, keyFile] = [join(home, 'public.crt'), join(home, 'public.key')];
      await writeFile(certificate, cert);
      await writeFile(keyFile, key);
      const secure = await fleet.start('gateway', '3', { PUBLIC_TLS_CERT: certificate, PUBLIC_TLS_KEY: keyFile });
      const url = `wss://localhost:${secure.ports.publicPort}/play`;
      const options = ['--think-ms', '1', '--certificate', certificate];
      const ada = start(programs.ticTacToe, [url, '--name', 'Ada', '--room', 'host', ...options]);
      await ada.says(/^created/);
      const bob = start(programs.ticTacToe, [url, '--name', 'Bob', '--room', 'join', ...options]);
      const players = [ada, bob];
      for (const player of players) {
        expect(await player.ended()).toBe(0);
        await player.says(/^result .*"winner": 0/);
      }
      const stranger = start(programs.ticTacToe, [url, '--name', 'Cy']);
      expect(await stranger.ended()).not.toBe(0);
      await stranger.says(/(unavailable.*certificate|certificate|TLS|authentication)/i);
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  }, 60_000);
});

/** Waits until the program prints a step that comes at least 40 steps (2 s) after `step` and contains an input of the player. */
async function stepAfter(pilot: ExampleProcess, step: number): Promise<{ step: number; input: number }> {
  const [line] = await until(() => {
    const found = pilot.lines
      .map((each) => /^step (\d+) input (\d+)/.exec(each))
      .filter((match) => match !== null && Number(match[1]) >= step + 40 && Number(match[2]) > 0);
    return found.length > 0 ? found : null;
  }, 30_000).catch(() => {
    throw new Error(`The ship did not fly on after step ${step}. The example printed:\n${pilot.lines.join('\n')}`);
  });
  return { step: Number(line![1]), input: Number(line![2]) };
}

async function passesConformance(client: string, env: NodeJS.ProcessEnv): Promise<void> {
  const { stdout } = await run('node', ['tools/conformance/run.mjs', '--client', client], { cwd: ROOT, env }).catch((error) => error);
  expect(stdout.split('\n').filter((line: string) => line.includes('FAILED') || line.startsWith('           '))).toEqual([]);
  expect(stdout).toMatch(/^\d+ passed, 0 failed, 0 skipped$/m);
}

async function preparePython(): Promise<Programs | { missing: string }> {
  const python = await findPython();
  if ('missing' in python) return python;
  const folder = join(ROOT, 'clients/python');
  return {
    ticTacToe: [python.path, join(folder, 'examples/tic_tac_toe.py')],
    arena: [python.path, join(folder, 'examples/arena.py')],
    conformance: `${python.path} clients/python/conformance_client.py`,
    vectors: [python.path, '-m', 'unittest', 'discover', '-s', 'clients/python/tests'],
    env: { ...python.env, PYTHONDONTWRITEBYTECODE: '1' },
  };
}

async function prepareCsharp(): Promise<Programs | { missing: string }> {
  const mono = await findMono();
  if ('missing' in mono) return mono;
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-csharp-'));
  const { ConformanceClient, VectorTests, TicTacToe, ArenaPilot } = await compileCsharp(mono, folder);
  return {
    ticTacToe: [mono.runtime, TicTacToe],
    arena: [mono.runtime, ArenaPilot],
    conformance: `${mono.runtime} ${ConformanceClient}`,
    vectors: [mono.runtime, VectorTests, 'conformance'],
    env: mono.env,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
