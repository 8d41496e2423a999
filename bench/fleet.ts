import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { redisName } from '#libs/redis';
import { BENCH_DIST, freePort, launchServer, mainOf, sleep, startRedis, until } from './tools.js';

export interface FleetShape {
  readonly gateways?: number;
  readonly lobbies?: number;
  readonly games?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** True: the servers read the address of Redis from `redisUrlFile`, so that they can move to another Redis. */
  readonly hasUrlFile?: boolean;
}

export interface BenchServer {
  readonly id: string;
  readonly type: 'gateway' | 'lobby' | 'game';
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly child: ChildProcess;
  readonly pid: number;
  readonly publicPort: number;
  readonly tcpPort: number;
  readonly opsPort: number;
}

/** Removes the limits for clients, because they are not measured here. */
const NO_LIMITS = {
  MESSAGES_PER_SECOND: '1000000',
  MESSAGES_BURST: '1000000',
  BYTES_PER_SECOND: '1073741824',
  BYTES_BURST: '1073741824',
  CONNECTIONS_PER_ADDRESS: '1000000',
  CONNECTIONS_MAX: '1000000',
  HELLOS_PENDING_MAX: '100000',
  MAX_GAMES: '100000',
};

/**
 * Starts the servers from dist/ as processes, with the games of the benchmarks, and with their own persistent Redis (AOF,
 * everysec).
 */
export class BenchFleet {
  readonly servers: BenchServer[] = [];
  private readonly linkSecret = randomBytes(18).toString('hex');

  private constructor(
    private readonly home: string,
    private readonly running: Awaited<ReturnType<typeof startRedis>>,
    readonly redis: Redis,
    private readonly shape: FleetShape,
  ) {}

  static async start(shape: FleetShape = {}): Promise<BenchFleet> {
    const home = await mkdtemp(join(tmpdir(), 'holdfast-bench-'));
    const running = await startRedis({ dir: join(home, 'redis'), appendonly: true });
    const redis = new Redis(running.url);
    const fleet = new BenchFleet(home, running, redis, shape);
    if (shape.hasUrlFile) await writeFile(fleet.redisUrlFile, running.url);
    const { gateways = 1, lobbies = 1, games = 1 } = shape;
    const names = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index + 1));
    await Promise.all([
      ...names(gateways).map((name) => fleet.launch('gateway', name)),
      ...names(lobbies).map((name) => fleet.launch('lobby', name)),
      ...names(games).map((name) => fleet.launch('game', name)),
    ]);
    await fleet.whole();
    return fleet;
  }

  get redisUrl(): string {
    return this.running.url;
  }

  get redisUrlFile(): string {
    return join(this.home, 'redis-url');
  }

  get redisPid(): number {
    return this.running.pid;
  }

  of(type: BenchServer['type']): BenchServer[] {
    return this.servers.filter((server) => server.type === type).sort((a, b) => a.name.localeCompare(b.name));
  }

  /** Returns the pids of Redis and of all servers, by the names under which figures report them. */
  pids(): Record<string, number> {
    const pids: Record<string, number> = { redis: this.redisPid };
    for (const type of ['gateway', 'lobby', 'game'] as const) {
      const all = this.of(type);
      for (const { name, pid } of all) pids[all.length === 1 ? type : `${type} ${name}`] = pid;
    }
    return pids;
  }

  async launch(type: BenchServer['type'], name: string): Promise<BenchServer> {
    const ports: Record<string, string> =
      type === 'gateway' ? { PUBLIC_PORT: String(await freePort()), TCP_PORT: String(await freePort()) } : {};
    const env = {
      PATH: process.env.PATH ?? '',
      ...(this.shape.hasUrlFile ? { REDIS_URL_FILE: this.redisUrlFile } : { REDIS_URL: this.redisUrl }),
      LINK_SECRET: this.linkSecret,
      ADMIN_TOKEN: 'a token for benchmarks only',
      AUTH: 'guest',
      PUBLIC_HOST: '127.0.0.1',
      OPS_PORT: '0',
      LOG_FORMAT: 'json',
      LOG_LEVEL: 'warn',
      SERVER_NAME: name,
      NODE_OPTIONS: process.env[`BENCH_NODE_OPTIONS_${type.toUpperCase()}`] ?? '',
      ...NO_LIMITS,
      ...ports,
      ...this.shape.env,
    };
    return this.spawn(type, name, env);
  }

  /** Restarts a server on its old ports. The old process must be gone, or suspended for good. */
  async relaunch(server: BenchServer): Promise<BenchServer> {
    this.servers.splice(this.servers.indexOf(server), 1);
    return this.spawn(server.type, server.name, server.env);
  }

  private async spawn(type: BenchServer['type'], name: string, env: Readonly<Record<string, string>>): Promise<BenchServer> {
    let child: ChildProcess | undefined;
    const ports = await launchServer({
      main: type === 'game' ? join(BENCH_DIST, 'game-server.js') : mainOf(type),
      env,
      readyFile: join(this.home, `${type}-${name}.json`),
      logFile: join(this.home, `${type}-${name}.log`),
      onLine: (line: string) => {
        if (process.env.BENCH_VERBOSE) process.stderr.write(`${type} ${name}: ${line}\n`);
      },
      spawned: (process: ChildProcess) => {
        child = process;
      },
    });
    const process_ = child as ChildProcess;
    const { id, publicPort = 0, tcpPort = 0, opsPort } = ports;
    const server = { id, type, name, env, child: process_, pid: process_.pid as number, publicPort, tcpPort, opsPort };
    this.servers.push(server);
    return server;
  }

  /** Waits until all game servers are eligible for placement. */
  async whole(): Promise<void> {
    const games = this.of('game').map(({ id }) => id);
    await until(async () => {
      const orders = await this.redis.smembers(redisName('{placement}:offers:durable'));
      const offered = (await Promise.all(orders.map((order) => this.redis.zrange(order, '0', '-1')))).flat();
      return games.every((id) => offered.some((record) => record.endsWith(`:${id}`)));
    });
  }

  /** Waits until all game servers have the same number of rooms, as placement counts them. */
  async level(): Promise<void> {
    const games = this.of('game').map(({ id }) => id);
    await until(async () => {
      const orders = await this.redis.smembers(redisName('{placement}:offers:durable'));
      const offered = (await Promise.all(orders.map((order) => this.redis.zrange(order, '0', '-1', 'WITHSCORES')))).flat();
      const scores = games.map((id) => offered[offered.findIndex((record) => record.endsWith(`:${id}`)) + 1]);
      return new Set(scores).size === 1;
    }, 90_000);
  }

  /** Returns the number of these rooms on each game server, from the records of the rooms in Redis. */
  async roomsOf(rooms: readonly string[]): Promise<Map<string, number>> {
    const pipeline = this.redis.pipeline();
    for (const room of rooms) pipeline.hget(redisName(`room:{${room}}`), 'owner');
    const counts = new Map<string, number>();
    for (const [, owner] of (await pipeline.exec()) ?? []) counts.set(String(owner), (counts.get(String(owner)) ?? 0) + 1);
    return counts;
  }

  async stop(): Promise<void> {
    if (Object.keys(process.env).some((name) => name.startsWith('BENCH_NODE_OPTIONS_'))) await this.writeProfiles();
    for (const { child } of this.servers) child.kill('SIGKILL');
    this.redis.disconnect();
    await this.running.stop();
    await rm(this.home, { recursive: true, force: true, maxRetries: 3 });
  }

  /** Makes servers with `profile.mjs` write their profiles. SIGUSR2 ends the other servers, which is harmless: all servers stop next. */
  private async writeProfiles(): Promise<void> {
    for (const { child } of this.servers) child.kill('SIGUSR2');
    await sleep(2_000);
  }
}
