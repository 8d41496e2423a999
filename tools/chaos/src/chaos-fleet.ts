import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { ServerType } from '#libs/protocol';
import type { freePort } from '../../process/free-port.mjs';
import type { ended } from '../../process/leashed.mjs';
import type { startRedis } from '../../redis/index.mjs';
import type { launchServer } from '../../start/launch-server.mjs';
import { PlayerWires } from './player-wires.js';
import { until } from './until.js';

/** What starts and ends processes; given by run.mjs, which stands where those are. */
export interface Workshop {
  readonly launchServer: typeof launchServer;
  readonly startRedis: typeof startRedis;
  readonly ended: typeof ended;
  readonly freePort: typeof freePort;
  readonly mains: Readonly<Record<ServerType, string>>;
  /** Runs keep their logs beneath it, by seed. */
  readonly home: string;
}

export interface Shape {
  readonly gateways: number;
  readonly lobbies: number;
  readonly games: number;
}

/** `down` from its end until it is ready again. */
export type Condition = 'up' | 'stopped' | 'down';

/** A drain has 25 s by itself; with Redis away beside that it may take longer. */
const DRAIN_MS = 45_000;
const AGAIN_MS = 300;
/** Of silence, after which a player looks for another gateway: a stopped one should not cost more than an eviction. */
const CONNECTION_TIMEOUT_MS = 6_000;

export class ChaosServer {
  condition: Condition = 'down';
  private child: ChildProcess | null = null;
  private opsPort = 0;
  private isEndWanted = false;

  constructor(
    readonly type: ServerType,
    readonly name: string,
    private readonly env: Readonly<Record<string, string>>,
    private readonly workshop: Workshop,
    private readonly folder: string,
    private readonly fault: (sentence: string) => void,
  ) {}

  get id(): string {
    return `hf:${this.type}:${this.name}`;
  }

  get publicPort(): number {
    return Number(this.env.PUBLIC_PORT);
  }

  /** Until it is ready; one that ends while it starts (its Redis may be away) is started again, as a supervisor would. */
  async start(): Promise<void> {
    const { launchServer, mains } = this.workshop;
    this.isEndWanted = false;
    for (;;) {
      try {
        const { opsPort } = await launchServer({
          main: mains[this.type],
          env: { PATH: process.env.PATH, SERVER_NAME: this.name, ...this.env },
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
    this.child?.once('exit', (code, signal) => {
      this.condition = 'down';
      if (!this.isEndWanted) this.fault(`${this.id} ended by itself (${signal ?? `exit code ${code}`})`);
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
      this.fault(`${this.id} did not end within ${DRAIN_MS / 1_000} s of SIGTERM`);
      await this.kill();
    }
  }

  stop(): void {
    this.condition = 'stopped';
    this.child?.kill('SIGSTOP');
  }

  continue(): void {
    this.child?.kill('SIGCONT');
    if (this.condition === 'stopped') this.condition = 'up';
  }

  async page(path: string): Promise<{ status: number; text: string }> {
    const response = await fetch(`http://127.0.0.1:${this.opsPort}${path}`, { signal: AbortSignal.timeout(2_000) });
    return { status: response.status, text: await response.text() };
  }
}

/** Servers and a Redis of one run, all of them processes of their own. */
export class ChaosFleet {
  readonly servers: ChaosServer[] = [];
  /** For our own eyes. */
  readonly client: Redis;
  /** In the environment of every server, so that one that is left over is found. */
  readonly mark = `chaos-${randomBytes(12).toString('hex')}`;
  redisCondition: Condition = 'up';
  readonly wires = new PlayerWires();
  /** Players come in by these. */
  readonly gatewayUrls: string[] = [];

  private constructor(
    readonly folder: string,
    private redis: Awaited<ReturnType<typeof startRedis>>,
    private readonly workshop: Workshop,
  ) {
    this.client = new Redis(redis.url, { retryStrategy: () => 50 });
    // Its silence is what this is about.
    this.client.on('error', () => {});
  }

  static async start(seed: number, shape: Shape, workshop: Workshop, fault: (sentence: string) => void): Promise<ChaosFleet> {
    const folder = join(workshop.home, String(seed));
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const redis = await workshop.startRedis({ dir: join(folder, 'redis'), appendonly: true });
    const fleet = new ChaosFleet(folder, redis, workshop);
    await fleet.add(shape, fault);
    await fleet.whole(30_000);
    return fleet;
  }

  of(type: ServerType): ChaosServer[] {
    return this.servers.filter((server) => server.type === type);
  }

  async killRedis(): Promise<void> {
    this.redisCondition = 'down';
    this.redis.process.kill('SIGKILL');
    await this.workshop.ended(this.redis.process, 5_000);
  }

  /** With what its append-only file holds. */
  async restartRedis(): Promise<void> {
    this.redis = await this.workshop.startRedis({ dir: join(this.folder, 'redis'), appendonly: true, port: this.redis.port });
    this.redisCondition = 'up';
  }

  stopRedis(): void {
    this.redisCondition = 'stopped';
    this.redis.process.kill('SIGSTOP');
  }

  continueRedis(): void {
    this.redis.process.kill('SIGCONT');
    this.redisCondition = 'up';
  }

  /** Every server is ready and knows all the others. */
  async whole(deadlineMs: number): Promise<void> {
    await Promise.all(
      this.servers.map((server) =>
        until(
          async () => {
            const [ready, metrics] = await Promise.all([server.page('/readyz'), server.page('/metrics')]);
            if (ready.status !== 200) throw new Error(`${server.id} is not ready: ${ready.text}`);
            for (const type of ['gateway', 'lobby', 'game'] as const) {
              const [, count = '0'] =
                new RegExp(`^holdfast_servers\\{[^}]*type="${type}",state="ready"[^}]*\\} (\\d+)`, 'm').exec(metrics.text) ?? [];
              const wanted = this.of(type).length;
              if (Number(count) !== wanted) throw new Error(`${server.id} knows ${count} of ${wanted} servers of type ${type}`);
            }
            return true;
          },
          deadlineMs,
          250,
        ),
      ),
    );
  }

  /** Rooms that the game servers hold in their memory. */
  async hostedRooms(): Promise<number> {
    const pages = await Promise.all(this.of('game').map((server) => server.page('/metrics')));
    return pages.reduce(
      (sum, { text }) =>
        sum + [...text.matchAll(/^holdfast_rooms(?:\{[^}]*\})? (\d+)/gm)].reduce((all, [, count]) => all + Number(count), 0),
      0,
    );
  }

  async stop(): Promise<void> {
    this.client.disconnect();
    this.wires.close();
    await Promise.all(this.servers.map((server) => server.kill()));
    this.redis.process.kill('SIGKILL');
    await this.workshop.ended(this.redis.process, 5_000);
    // The logs stay; what Redis kept is of no more use.
    await rm(join(this.folder, 'redis', 'appendonlydir'), { recursive: true, force: true });
  }

  /** Processes of this run that are still there. */
  async orphans(): Promise<string[]> {
    const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
    const found = await Promise.all(
      pids.map(async (pid) => {
        const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
        if (!environment.includes(this.mark)) return [];
        return [`${pid}: ${(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ')}`];
      }),
    );
    return found.flat();
  }

  private async add({ gateways, lobbies, games }: Shape, fault: (sentence: string) => void): Promise<void> {
    const secrets = { LINK_SECRET: randomBytes(18).toString('hex'), ADMIN_TOKEN: randomBytes(18).toString('hex') };
    const wanted: [ServerType, number][] = [
      ['gateway', gateways],
      ['lobby', lobbies],
      ['game', games],
    ];
    for (const [type, count] of wanted) {
      for (let number = 1; number <= count; number++) {
        const env = {
          REDIS_URL: this.redis.url,
          ...secrets,
          AUTH: 'guest',
          PUBLIC_HOST: '127.0.0.1',
          CONNECTIONS_PER_ADDRESS: '20000',
          CONNECTION_TIMEOUT_MS: String(CONNECTION_TIMEOUT_MS),
          LOG_FORMAT: 'json',
          OPS_PORT: '0',
          LINK_PORT: '0',
          HOLDFAST_CHAOS_RUN: this.mark,
          // They stay over a restart: players come back to where they were.
          ...(type === 'gateway' && {
            PUBLIC_PORT: String(await this.workshop.freePort()),
            TCP_PORT: String(await this.workshop.freePort()),
          }),
        };
        this.servers.push(new ChaosServer(type, String(number), env, this.workshop, this.folder, fault));
      }
    }
    for (const { publicPort } of this.of('gateway')) this.gatewayUrls.push(`ws://127.0.0.1:${await this.wires.before(publicPort)}/play`);
    await Promise.all(this.servers.map((server) => server.start()));
  }
}
