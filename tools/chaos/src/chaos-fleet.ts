import { randomBytes } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { ServerType } from '#libs/protocol';
import type { startRedis } from '../../redis/index.mjs';
import { LEDGER_VARIABLE, type Payment } from './bank.js';
import { ChaosServer, type Condition, type Workshop } from './chaos-server.js';
import { CuttableProxy } from './cuttable-proxy.js';
import { HalfOpenProxy } from './half-open-proxy.js';
import { PlayerWires } from './player-wires.js';
import { until } from './until.js';

export interface Shape {
  readonly gateways: number;
  readonly lobbies: number;
  readonly games: number;
  /** True: players connect over TLS. */
  readonly tls: boolean;
}

/** The network addresses of the servers of a run. When a run has no `Site`, all servers use the loopback interface. */
export interface Site {
  /** The address of this machine. Redis listens on it. */
  readonly address: string;
  addressOf(name: string): string;
  /** Returns the command prefix that starts a server in its own network. */
  within(name: string): readonly string[];
}

/** Returns the name of a server for the methods of `Site`, such as `game1`. */
export function siteName(type: ServerType, name: string): string {
  return `${type}${name}`;
}

/**
 * The time without data after which a player connects to another gateway, in ms. It is about as long as the eviction of a gateway takes.
 */
const CONNECTION_TIMEOUT_MS = 6_000;

/** The servers and the Redis of one run. Each one is a separate process. */
export class ChaosFleet {
  readonly servers: ChaosServer[] = [];
  /** The connection of the tool itself to Redis. */
  readonly client: Redis;
  /** A value in the environment of every server of this run. `orphans` searches for processes with this value. */
  readonly mark = `chaos-${randomBytes(12).toString('hex')}`;
  redisCondition: Condition = 'up';
  readonly wires = new PlayerWires();
  private cuts: { readonly links: CuttableProxy; readonly store: CuttableProxy } | null = null;
  /** The URLs to which players connect. */
  readonly gatewayUrls: string[] = [];
  /** The certificate file of these URLs. Null without TLS. */
  certificate: string | null = null;

  private constructor(
    readonly folder: string,
    private redis: Awaited<ReturnType<typeof startRedis>>,
    private readonly proxy: HalfOpenProxy,
    private readonly workshop: Workshop,
    private readonly site: Site | null,
  ) {
    this.client = new Redis(redis.url, { retryStrategy: () => 50 });
    // The tool interrupts Redis on purpose, so errors of this connection are no violations.
    this.client.on('error', () => {});
  }

  static async start(
    seed: number,
    shape: Shape,
    workshop: Workshop,
    fault: (sentence: string, server: ChaosServer) => void,
    site: Site | null = null,
  ): Promise<ChaosFleet> {
    const folder = join(workshop.home, String(seed));
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const redis = await workshop.startRedis({
      dir: join(folder, 'redis'),
      appendonly: true,
      ...(site && { config: { bind: `127.0.0.1 ${site.address}`, 'protected-mode': 'no' } }),
    });
    const fleet = new ChaosFleet(folder, redis, await HalfOpenProxy.to(redis.url), workshop, site);
    await fleet.add(shape, fault);
    await fleet.whole(30_000);
    return fleet;
  }

  of(type: ServerType): ChaosServer[] {
    return this.servers.filter((server) => server.type === type);
  }

  /** The first game server, and the proxy between this server and Redis. The proxy can block the messages from Redis. */
  get deafened(): { readonly server: ChaosServer; readonly proxy: HalfOpenProxy } {
    return { server: this.of('game')[0], proxy: this.proxy };
  }

  get redisPort(): number {
    return this.redis.port;
  }

  /** The game server whose links and Redis connections can be cut. Null: the run has no such server. */
  get cuttable(): { readonly server: ChaosServer; readonly links: CuttableProxy; readonly store: CuttableProxy } | null {
    const server = this.of('game')[1];
    return server && this.cuts ? { server, ...this.cuts } : null;
  }

  async killRedis(): Promise<void> {
    this.redisCondition = 'down';
    this.redis.process.kill('SIGKILL');
    await this.workshop.ended(this.redis.process, 5_000);
  }

  /** Copies the files of Redis. `rewindRedis` can restore the copy later. */
  async keepRedis(): Promise<string> {
    const kept = join(this.folder, 'redis-kept');
    await rm(kept, { recursive: true, force: true });
    await cp(this.redisFiles, kept, { recursive: true });
    return kept;
  }

  /** Replaces the files of a killed Redis by the copy `kept`. Null: deletes the files. */
  async rewindRedis(kept: string | null): Promise<void> {
    await rm(this.redisFiles, { recursive: true, force: true });
    if (kept !== null) await cp(kept, this.redisFiles, { recursive: true });
  }

  private get redisFiles(): string {
    return join(this.folder, 'redis', 'appendonlydir');
  }

  /** Starts Redis, which reads its append-only file. */
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

  /** Waits until every server is ready and knows all others. */
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

  /** Returns the number of rooms in the memory of the game servers, from their metrics. */
  async hostedRooms(): Promise<number> {
    const pages = await Promise.all(this.of('game').map((server) => server.page('/metrics')));
    return pages.reduce(
      (sum, { text }) =>
        sum + [...text.matchAll(/^holdfast_rooms(?:\{[^}]*\})? (\d+)/gm)].reduce((all, [, count]) => all + Number(count), 0),
      0,
    );
  }

  /** Reads all payments that effects of bank games have made so far. */
  async payments(): Promise<Payment[]> {
    const lines = (await readFile(this.bankLedger, 'utf8').catch(() => '')).split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Payment);
  }

  async stop(): Promise<void> {
    this.client.disconnect();
    this.wires.close();
    this.proxy.close();
    this.cuts?.links.close();
    this.cuts?.store.close();
    await Promise.all(this.servers.map((server) => server.kill()));
    this.redis.process.kill('SIGKILL');
    await this.workshop.ended(this.redis.process, 5_000);
    // Deletes the data of Redis, and keeps the logs.
    await rm(join(this.folder, 'redis', 'appendonlydir'), { recursive: true, force: true });
  }

  /** Returns the pid and command line of each process of this run that still exists. */
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

  /** The path of the ledger of payments. The ledger is a file, so that it survives the end of servers and of Redis. */
  private get bankLedger(): string {
    return join(this.folder, 'payments');
  }

  /**
   * Returns the URL of Redis for a server. The URL of the first game server leads to a `HalfOpenProxy`. `openCuts` sets the URL of the
   * second one.
   */
  private redisUrlFor(type: ServerType, number: number): string {
    if (this.site) return `redis://${this.site.address}:${this.redis.port}`;
    return type === 'game' && number === 1 ? this.proxy.url : this.redis.url;
  }

  /**
   * Opens the proxies of the server that can be cut.
   *
   * @returns the environment with which the server uses them; empty without `listenBehind`
   */
  private async openCuts(): Promise<Record<string, string>> {
    if (!this.workshop.listenBehind) return {};
    const [announced, real] = [await this.workshop.freePort(), await this.workshop.freePort()];
    const links = await CuttableProxy.to({ port: real }, announced);
    const store = await CuttableProxy.to({ port: this.redis.port });
    this.cuts = { links, store };
    return { LINK_PORT: String(announced), LISTEN_BEHIND: `${announced}:${real}`, REDIS_URL: `redis://127.0.0.1:${store.port}` };
  }

  private async add({ gateways, lobbies, games, tls }: Shape, fault: (sentence: string, server: ChaosServer) => void): Promise<void> {
    const secrets = { LINK_SECRET: randomBytes(18).toString('hex'), ADMIN_TOKEN: randomBytes(18).toString('hex') };
    const key = join(this.folder, 'public.key');
    if (tls) this.certificate = await certify(join(this.folder, 'public.crt'), key);
    const wanted: [ServerType, number][] = [
      ['gateway', gateways],
      ['lobby', lobbies],
      ['game', games],
    ];
    for (const [type, count] of wanted) {
      for (let number = 1; number <= count; number++) {
        const host = this.site?.addressOf(siteName(type, String(number)));
        const cut = type === 'game' && number === 2 && !this.site ? await this.openCuts() : {};
        const env = {
          REDIS_URL: this.redisUrlFor(type, number),
          ...secrets,
          AUTH: 'guest',
          PUBLIC_HOST: host ?? '127.0.0.1',
          ...(host !== undefined && { LINK_HOST: host, OPS_HOST: host }),
          CONNECTIONS_PER_ADDRESS: '20000',
          CONNECTION_TIMEOUT_MS: String(CONNECTION_TIMEOUT_MS),
          LOG_FORMAT: 'json',
          OPS_PORT: '0',
          LINK_PORT: '0',
          ...cut,
          HOLDFAST_CHAOS_RUN: this.mark,
          ...(type === 'game' && { [LEDGER_VARIABLE]: this.bankLedger }),
          // A restart keeps the ports, so that players reconnect to the same URL.
          ...(type === 'gateway' && {
            PUBLIC_PORT: String(await this.workshop.freePort()),
            TCP_PORT: String(await this.workshop.freePort()),
            ...(this.certificate !== null && { PUBLIC_TLS_CERT: this.certificate, PUBLIC_TLS_KEY: key }),
          }),
        };
        const within = this.site?.within(siteName(type, String(number)));
        this.servers.push(new ChaosServer(type, String(number), env, this.workshop, this.folder, fault, within));
      }
    }
    for (const { publicPort, host } of this.of('gateway'))
      this.gatewayUrls.push(`${tls ? 'wss' : 'ws'}://127.0.0.1:${await this.wires.before(publicPort, host)}/play`);
    await Promise.all(this.servers.map((server) => server.start()));
  }
}

/** Writes a self-signed certificate for this run. */
async function certify(file: string, keyFile: string): Promise<string> {
  const { generate } = await import('selfsigned');
  const pair = await generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec', algorithm: 'sha256' });
  await writeFile(keyFile, pair.private, { mode: 0o600 });
  await writeFile(file, pair.cert);
  return file;
}
