import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerType } from '#libs/protocol';
import { redisName } from '#libs/redis';
import type { freePort } from '../../process/free-port.mjs';
import type { ended } from '../../process/leashed.mjs';
import type { startRedis } from '../../redis/index.mjs';
import type { launchServer } from '../../start/launch-server.mjs';
import { BLOCKED_MS } from './block-loop.js';
import { pause } from './until.js';

/**
 * Functions that start and end processes. This compiled tool cannot import them, because they are outside dist/. So `command.mjs` passes
 * them.
 */
export interface Workshop {
  readonly launchServer: typeof launchServer;
  readonly startRedis: typeof startRedis;
  readonly ended: typeof ended;
  readonly freePort: typeof freePort;
  readonly mains: Readonly<Record<ServerType, string>>;
  /** URL of the module that sets the wall clock of a process. Without the module, servers use the clock of this machine. */
  readonly wallClock?: string;
  /** URL of the module that lets a server listen behind a proxy. Without the module, the tool cannot cut links. */
  readonly listenBehind?: string;
  /** URL of the module that delays the data of a server. Without the module, the tool delays no data. */
  readonly slowWire?: string;
  /** The command with which the user starts the tool. */
  readonly call?: string;
  /** The folder of the logs of all runs, with one folder per seed. */
  readonly home: string;
}

/** Time after the end of a fault of a server, in ms. If the server is evicted within this time, the fault counts as the cause. */
const HARM_FELT_MS = 30_000;

/** The condition of a process: `up`, `stopped` (suspended), or `down`, from its exit until the server is ready again. */
export type Condition = 'up' | 'stopped' | 'down';

/** The time limit for a server to exit after SIGTERM, in ms. A drain takes at most 25 s, unless Redis is unavailable. */
const DRAIN_MS = 45_000;
const AGAIN_MS = 300;
/**
 * The time limit for an answer of the admin API, in ms. After this time, the tool treats the request as unanswered. A slow drain, for
 * example, takes longer.
 */
const ANSWER_MS = 15_000;

export class ChaosServer {
  condition: Condition = 'down';
  private child: ChildProcess | null = null;
  private opsPort = 0;
  private isEndWanted = false;
  private harmedAt = Number.NEGATIVE_INFINITY;

  constructor(
    readonly type: ServerType,
    readonly name: string,
    private readonly env: Readonly<Record<string, string>>,
    private readonly workshop: Workshop,
    private readonly folder: string,
    private readonly fault: (sentence: string, server: ChaosServer) => void,
    private readonly within: readonly string[] = [],
  ) {
    this.setClock(0);
    this.setDelays([]);
  }

  get id(): string {
    return redisName(`${this.type}:${this.name}`);
  }

  get host(): string {
    return this.env.LINK_HOST ?? '127.0.0.1';
  }

  get publicPort(): number {
    return Number(this.env.PUBLIC_PORT);
  }

  /**
   * Starts the process, and resolves when the server is ready. When the server exits during the start, starts it again, as a supervisor
   * does. A server exits, for example, because Redis is unavailable.
   */
  async start(): Promise<void> {
    const { launchServer, mains, wallClock, listenBehind, slowWire } = this.workshop;
    const preloads = [wallClock, slowWire, this.env.LISTEN_BEHIND && listenBehind].filter((url) => url !== undefined);
    this.isEndWanted = false;
    for (;;) {
      try {
        const { opsPort } = await launchServer({
          main: mains[this.type],
          within: this.within,
          env: {
            PATH: process.env.PATH,
            SERVER_NAME: this.name,
            ...(preloads.length > 0 && { NODE_OPTIONS: preloads.map((url) => `--import ${url}`).join(' ') }),
            ...(wallClock && { WALL_CLOCK_FILE: this.clockFile }),
            ...(slowWire && { SLOW_WIRE_FILE: this.delaysFile }),
            ...this.env,
          },
          readyFile: join(this.folder, `${this.type}-${this.name}.json`),
          logFile: join(this.folder, `${this.type}-${this.name}.log`),
          onLine: () => {},
          spawned: (child: ChildProcess) => {
            this.child = child;
          },
        });
        this.opsPort = opsPort;
        break;
      } catch {
        this.child?.kill('SIGKILL');
        if (this.isEndWanted) return;
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
    this.condition = 'up';
    this.mayBeCondemned();
    this.child?.once('exit', (code, signal) => {
      this.condition = 'down';
      if (!this.isEndWanted) this.fault(`${this.id} ended by itself (${signal ?? `exit code ${code}`})`, this);
    });
  }

  async kill(): Promise<void> {
    this.isEndWanted = true;
    this.condition = 'down';
    this.child?.kill('SIGKILL');
    if (this.child) await this.workshop.ended(this.child, 5_000);
  }

  /** Sends SIGTERM, and waits until the server has exited. */
  async drain(): Promise<void> {
    this.isEndWanted = true;
    this.condition = 'down';
    this.child?.kill('SIGTERM');
    if (this.child && !(await this.workshop.ended(this.child, DRAIN_MS))) {
      this.fault(`${this.id} did not end within ${DRAIN_MS / 1_000} s of SIGTERM`, this);
      await this.kill();
    }
  }

  /** Suspends the process. @param mayBeCondemned true: the suspension is so long that an eviction of the server is no violation */
  stop(mayBeCondemned: boolean): void {
    this.condition = 'stopped';
    if (mayBeCondemned) this.mayBeCondemned();
    this.child?.kill('SIGSTOP');
  }

  continue(): void {
    this.child?.kill('SIGCONT');
    if (this.condition === 'stopped') this.condition = 'up';
  }

  /** Sets the wall clock of the server now and for later starts. Does not change the monotonic clock. */
  setClock(aheadMs: number): void {
    // A server never reads an incomplete value, because a write of a few bytes is atomic.
    writeFileSync(this.clockFile, String(aheadMs));
  }

  /**
   * Delays the data that the server sends to these targets, now and after later starts. A target is an address, or an address and a port.
   */
  setDelays(delays: readonly { readonly to: string; readonly ms: number }[]): void {
    writeFileSync(this.delaysFile, delays.map(({ to, ms }) => `${to} ${ms}\n`).join(''));
  }

  private get delaysFile(): string {
    return join(this.folder, `${this.type}-${this.name}.delays`);
  }

  private get clockFile(): string {
    return join(this.folder, `${this.type}-${this.name}.clock`);
  }

  /** Blocks the event loop of the server for most of `BLOCKED_MS`. */
  async block(): Promise<void> {
    this.child?.kill('SIGUSR2');
    await pause(BLOCKED_MS);
  }

  /** Records a fault. If the server is evicted during the next `HARM_FELT_MS`, that is not a violation. */
  mayBeCondemned(): void {
    this.harmedAt = performance.now();
  }

  get wasHarmed(): boolean {
    return this.condition === 'down' || performance.now() - this.harmedAt < HARM_FELT_MS;
  }

  async page(path: string): Promise<{ status: number; text: string }> {
    const response = await fetch(`http://${this.host}:${this.opsPort}${path}`, { signal: AbortSignal.timeout(2_000) });
    return { status: response.status, text: await response.text() };
  }

  /** Calls the admin API with the admin token. */
  async ask(method: 'GET' | 'POST', path: string): Promise<{ status: number; text: string }> {
    const headers = { Authorization: `Bearer ${this.env.ADMIN_TOKEN}` };
    const response = await fetch(`http://${this.host}:${this.opsPort}${path}`, { method, headers, signal: AbortSignal.timeout(ANSWER_MS) });
    return { status: response.status, text: await response.text() };
  }
}
