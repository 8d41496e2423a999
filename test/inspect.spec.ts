import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { WebSocket } from 'ws';
import type { TicTacToe } from '#games/tic-tac-toe';
import { connect, type Session } from '#libs/client/node';
import { freePort } from '../tools/process/free-port.mjs';
import { ended } from '../tools/process/leashed.mjs';
import { ROOT } from '../tools/process/paths.mjs';
import { findRedisServer } from '../tools/redis/index.mjs';
import { until } from './harness/index.js';

describe('npm start -- --inspect', () => {
  let home: string;
  let port: number;
  let inspectPort: number;
  let child: ChildProcess;
  let text = '';
  let players: readonly Session[] = [];

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'holdfast-inspect-'));
    [port, inspectPort] = [await freePort(), await freePort()];
    const args = ['tools/start/start.mjs', '--games', '2', '--port', String(port), '--inspect-port', String(inspectPort)];
    const redis = await findRedisServer();
    const { REDIS_URL, ...env } = process.env;
    child = spawn(process.execPath, args, {
      cwd: ROOT,
      env: { ...env, ...redis.env, HOLDFAST_DIR: home, PATH: `${dirname(redis.command)}:${env.PATH}` },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => {
        text += chunk;
      });
    }
    await says(/Ready after/);
  }, 90_000);

  afterAll(async () => {
    for (const player of players) player.close();
    child?.kill('SIGTERM');
    if (child && !(await ended(child, 30_000))) child.kill('SIGKILL');
    await rm(home, { recursive: true, force: true, maxRetries: 3 });
  }, 60_000);

  it('neither evicts nor restarts a server that is paused at a breakpoint', async () => {
    const url = `ws://127.0.0.1:${port}/play`;
    players = await Promise.all(['Ada', 'Bob'].map((name) => connect(url, { name })));
    const rooms = await Promise.all(players.map((player) => player.quickMatch<TicTacToe>('tic-tac-toe')));
    await Promise.all(rooms.map((each) => each.waitFor(({ state }) => state !== undefined, { timeoutMs: 10_000 })));
    const room = rooms[0].seat === 0 ? rooms[0] : rooms[1];
    const owner = await ownerOf(room.id);
    const pids = pidsOfFleet();

    const debuggerOf = await Debugger.of(inspectPort + Number(owner.split(':').at(-1)) - 1);
    await debuggerOf.pause();
    // Without the dry run, the gateway would evict the server now.
    await says(/dry-run/);
    const move = room.send('place', { cell: 4 });
    expect(await ownerOf(room.id)).toBe(owner);
    debuggerOf.resume();
    await move;
    expect([await ownerOf(room.id), pidsOfFleet()]).toEqual([owner, pids]);
    expect(text).not.toMatch(/evicted|is back/);
  }, 60_000);

  async function says(pattern: RegExp): Promise<void> {
    await until(() => pattern.test(text), 60_000).catch(() => {
      throw new Error(`${pattern} was not printed:\n${text}`);
    });
  }

  function running(): { pids: Record<string, number>; adminToken: string } {
    return JSON.parse(readFileSync(join(home, 'running.json'), 'utf8'));
  }

  function pidsOfFleet(): Record<string, number> {
    return running().pids;
  }

  async function ownerOf(room: string): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${port + 10}/api/rooms/${room}`, {
      headers: { authorization: `Bearer ${running().adminToken}` },
    });
    if (!answer.ok) throw new Error(`${room}: ${answer.status} ${await answer.text()}`);
    return ((await answer.json()) as { owner: { server: string } }).owner.server;
  }
});

/** A debugger that is attached to the inspector of a server. */
class Debugger {
  private calls = 0;

  private constructor(private readonly socket: WebSocket) {}

  static async of(port: number): Promise<Debugger> {
    const [target] = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as { webSocketDebuggerUrl: string }[];
    const socket = new WebSocket((target as { webSocketDebuggerUrl: string }).webSocketDebuggerUrl);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return new Debugger(socket);
  }

  /** Stops the process at its next statement. */
  async pause(): Promise<void> {
    const paused = new Promise<void>((resolve) =>
      this.socket.on('message', (data) => {
        if (JSON.parse(String(data)).method === 'Debugger.paused') resolve();
      }),
    );
    this.call('Debugger.enable');
    this.call('Debugger.pause');
    await paused;
  }

  resume(): void {
    this.call('Debugger.resume');
    this.socket.close();
  }

  private call(method: string): void {
    this.socket.send(JSON.stringify({ id: ++this.calls, method }));
  }
}
