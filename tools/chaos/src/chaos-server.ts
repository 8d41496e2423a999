import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerType } from '#libs/protocol';
import type { freePort } from '../../process/free-port.mjs';
import type { ended } from '../../process/leashed.mjs';
import type { startRedis } from '../../redis/index.mjs';
import type { launchServer } from '../../start/launch-server.mjs';
import { BLOCKED_MS } from './block-loop.js';
import { pause } from './until.js';

/** What starts and ends processes; given by run.mjs, which stands where those are. */
export interface Workshop {
  readonly launchServer: typeof launchServer;
  readonly startRedis: typeof startRedis;
  readonly ended: typeof ended;
  readonly freePort: typeof freePort;
  readonly mains: Readonly<Record<ServerType, string>>;
  /** URL of the module that gives a process a wall clock which can be set; absent: servers have that of this host. */
  readonly wallClock?: string;
  /** URL of the module that lets a server listen behind a proxy; absent: no links are cut. */
  readonly listenBehind?: string;
  /** URL of the module that makes what a server sends leave late; absent: nothing does. */
  readonly slowWire?: string;
  /** Runs keep their logs beneath it, by seed. */
  readonly home: string;
}

/** What was done to a server may be found out, and acted on, this long after. */
const HARM_FELT_MS = 30_000;

/** `down` from its end until it is ready again. */
export type Condition = 'up' | 'stopped' | 'down';

/** A drain has 25 s by itself; with Redis away beside that it may take longer. */
const DRAIN_MS = 45_000;
const AGAIN_MS = 300;
/** An operator's drain takes its time. */
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
    return `hf:${this.type}:${this.name}`;
  }

  get host(): string {
    return this.env.LINK_HOST ?? '127.0.0.1';
  }

  get publicPort(): number {
    return Number(this.env.PUBLIC_PORT);
  }

  /** Until it is ready; one that ends while it starts (its Redis may be away) is started again, as a supervisor would. */
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

  /** SIGTERM, and what it does of itself until its end. */
  async drain(): Promise<void> {
    this.isEndWanted = true;
    this.condition = 'down';
    this.child?.kill('SIGTERM');
    if (this.child && !(await this.workshop.ended(this.child, DRAIN_MS))) {
      this.fault(`${this.id} did not end within ${DRAIN_MS / 1_000} s of SIGTERM`, this);
      await this.kill();
    }
  }

  /** For so long that it may be condemned, or not. */
  stop(mayBeCondemned: boolean): void {
    this.condition = 'stopped';
    if (mayBeCondemned) this.mayBeCondemned();
    this.child?.kill('SIGSTOP');
  }

  continue(): void {
    this.child?.kill('SIGCONT');
    if (this.condition === 'stopped') this.condition = 'up';
  }

  /** Its wall clock jumps; monotonic time goes on as it did. It stays so over a restart. */
  setClock(aheadMs: number): void {
    // In one write of a few bytes, which no reader finds half done.
    writeFileSync(this.clockFile, String(aheadMs));
  }

  /** What it sends to these, by address or address and port, leaves so many ms late. It stays so over a restart. */
  setDelays(delays: readonly { readonly to: string; readonly ms: number }[]): void {
    writeFileSync(this.delaysFile, delays.map(({ to, ms }) => `${to} ${ms}\n`).join(''));
  }

  private get delaysFile(): string {
    return join(this.folder, `${this.type}-${this.name}.delays`);
  }

  private get clockFile(): string {
    return join(this.folder, `${this.type}-${this.name}.clock`);
  }

  /** Its event loop has little time for anything, for a while. */
  async block(): Promise<void> {
    this.child?.kill('SIGUSR2');
    await pause(BLOCKED_MS);
  }

  /** From now on, and for a while: something was done to it for which it may. */
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

  /** As an operator. */
  async ask(method: 'GET' | 'POST', path: string): Promise<{ status: number; text: string }> {
    const headers = { Authorization: `Bearer ${this.env.ADMIN_TOKEN}` };
    const response = await fetch(`http://${this.host}:${this.opsPort}${path}`, { method, headers, signal: AbortSignal.timeout(ANSWER_MS) });
    return { status: response.status, text: await response.text() };
  }
}
