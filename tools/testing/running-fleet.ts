import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type ConnectOptions, connect, type Session } from '#libs/client/node';
import { until } from '../process/until.mjs';
import { FleetRedis, type FleetRedisOptions, type FleetStore } from './fleet-redis.js';
import { FleetServer } from './fleet-server.js';
import { Partitions, type Side } from './partitions.js';
import { isWhole } from './readiness.js';
import type { ServerType } from './server-type.js';

/** The options of `TestFleet.start`. Without options, the fleet has one server of each type. */
export interface TestFleetOptions {
  /** Number of gateways. As for the other types of server, the default is 1. */
  readonly gateways?: number;
  readonly lobbies?: number;
  readonly games?: number;
  /** The JavaScript files that start the servers, relative to `cwd`. By default `dist/gateway.js`, `dist/lobby.js` and `dist/game.js`. */
  readonly entries?: Partial<Readonly<Record<ServerType, string>>>;
  /** The working directory of the servers; by default, the working directory of this process. */
  readonly cwd?: string;
  /** Settings for all servers. */
  readonly env?: Readonly<Record<string, string>>;
  readonly redis?: FleetRedisOptions;
  /** Starts the store of the fleet, which `stop` of the fleet also stops. Default: the fleet starts a private Redis. */
  readonly store?: (home: string) => FleetStore | Promise<FleetStore>;
  /**
   * True (default): tests can cut servers off by `partition`, because each connection to Redis and between servers passes through a proxy.
   */
  readonly partitions?: boolean;
  /** A file descriptor for the standard output and standard error of every server. */
  readonly output?: number;
}

/** The options of `connect` of a fleet: those of the client, and the gateway to use. */
export interface PlayerOptions extends ConnectOptions {
  /**
   * The gateway to connect to first. When this gateway is lost, the client uses the other gateways. By default, the gateways take turns
   * with new players.
   */
  readonly gateway?: FleetServer | string;
  /** The port of the gateway to connect to: WebSocket or TCP. */
  readonly transport?: 'websocket' | 'tcp';
}

const TYPES = { gateways: 'gateway', lobbies: 'lobby', games: 'game' } as const satisfies Record<string, ServerType>;
const ENTRIES: Readonly<Record<ServerType, string>> = { gateway: 'dist/gateway.js', lobby: 'dist/lobby.js', game: 'dist/game.js' };
/** The `ADMIN_TOKEN` of every fleet of a test. */
export const ADMIN_TOKEN = 'a token for tests only';
/** The time limit for the fleet to be complete, in ms. */
const WHOLE_MS = 30_000;
/** The time limit for a drain, and for a server to end, in ms. */
const DRAIN_MS = 60_000;
const LAST_LINES = 12;

/** The processes and the store of a running fleet, with methods for the faults that a test may cause. `TestFleet.start` starts a fleet. */
export class RunningFleet {
  readonly gateways: FleetServer[] = [];
  readonly lobbies: FleetServer[] = [];
  readonly games: FleetServer[] = [];
  /** The `LINK_SECRET` of all servers of this fleet. */
  readonly linkSecret = randomBytes(18).toString('hex');

  private readonly children = new Set<ChildProcess>();
  /** Processes that were replaced by a restart. `print` shows their last lines, too. */
  private readonly former: FleetServer[] = [];
  private readonly sessions: Session[] = [];
  private readonly partitions: Partitions | null;
  private nextGateway = 0;

  protected constructor(
    protected readonly home: string,
    readonly store: FleetStore,
    private readonly fleetOptions: TestFleetOptions,
  ) {
    this.partitions = (fleetOptions.partitions ?? true) && store instanceof FleetRedis ? new Partitions() : null;
  }

  /** Starts as many servers of each type as the options say. */
  protected async startAll(): Promise<this> {
    const counts = { gateways: 1, lobbies: 1, games: 1, ...this.fleetOptions };
    try {
      await Promise.all(
        (Object.keys(TYPES) as (keyof typeof TYPES)[]).flatMap((group) =>
          Array.from({ length: counts[group] }, (_, index) => this.add(TYPES[group], String(index + 1))),
        ),
      );
      await this.whole();
      return this;
    } catch (error) {
      this.print('the fleet did not start');
      await this.stop().catch(() => {});
      throw error;
    }
  }

  /** The private Redis of this fleet. Throws when the fleet has a store of another kind. */
  get redis(): FleetRedis {
    if (!(this.store instanceof FleetRedis)) throw new Error('This fleet has another store than a single Redis: use `store`.');
    return this.store;
  }

  get servers(): readonly FleetServer[] {
    return [...this.gateways, ...this.lobbies, ...this.games];
  }

  /** Returns a server by its name (`game-1`) or its id (`hf:game:1`). */
  server(name: FleetServer | string): FleetServer {
    const found = typeof name === 'string' ? this.servers.find((server) => name === nameOf(server) || name === server.id) : name;
    if (!found) throw new Error(`There is no server ${name}. This fleet has ${this.servers.map(nameOf).join(', ')}.`);
    return found;
  }

  /** Returns the full name of a key or channel of this fleet in Redis. */
  redisName(name: string): string {
    return `${this.fleetOptions.env?.REDIS_PREFIX ?? 'hf'}:${name}`;
  }

  /** Returns the settings that are the same for all servers of this fleet. Only the name and the ports differ. */
  settings(): Record<string, string> {
    return {
      REDIS_URL: this.store.url,
      ...this.store.env,
      LINK_SECRET: this.linkSecret,
      ADMIN_TOKEN,
      AUTH: 'guest',
      PUBLIC_HOST: '127.0.0.1',
      CONNECTIONS_PER_ADDRESS: '20000',
      LOG_FORMAT: 'json',
      DRAIN_TIMEOUT_MS: '5000',
      ...this.fleetOptions.env,
    };
  }

  /** Starts one more server. Resolves when it is ready. */
  async add(type: ServerType, name: string, env: Readonly<Record<string, string>> = {}): Promise<FleetServer> {
    const cuttable = await this.partitions?.settingsFor(`${type}-${name}`, this.store.url);
    return this.launch(type, name, { ...this.settings(), ...(await FleetServer.portsFor(type)), ...cuttable, ...env });
  }

  /** Waits until all living servers are ready and know each other, and placement may choose every game server. */
  async whole(): Promise<void> {
    await until(() => isWhole(this), WHOLE_MS);
  }

  // ── Faults ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** Kills a server (SIGKILL). Resolves when its process has ended. */
  async kill(name: FleetServer | string): Promise<void> {
    const server = this.server(name);
    server.kill();
    await server.exited;
  }

  /**
   * Stops a server with SIGTERM, as an orchestrator does. The server first migrates its rooms, or sends its players to another gateway.
   * Resolves when its process has ended.
   */
  async terminate(name: FleetServer | string): Promise<void> {
    const server = this.server(name);
    server.kill('SIGTERM');
    await until(() => server.exit, DRAIN_MS);
  }

  /** Suspends a server with SIGSTOP. Its connections stay open, but it does not answer. */
  async pause(name: FleetServer | string): Promise<void> {
    this.server(name).kill('SIGSTOP');
  }

  /** Continues a suspended server. */
  async resume(name: FleetServer | string): Promise<void> {
    this.server(name).kill('SIGCONT');
  }

  /** Migrates all rooms of a game server to other game servers while their games run. The server keeps running, but gets no new rooms. */
  async drain(name: FleetServer | string): Promise<{ readonly moved: number; readonly left: number }> {
    return (await this.admin('POST', `/api/servers/${this.server(name).id}/drain`)) as { moved: number; left: number };
  }

  /**
   * Cuts a server off from Redis, or from the servers that link to it, until a call of `heal`. Neither end is notified, as when a network
   * fails.
   */
  async partition(name: FleetServer | string, side: Side): Promise<void> {
    const server = this.server(name);
    if (side === 'links' && server.type === 'gateway')
      throw new Error('A gateway opens its links itself, so they cannot be cut at its port. Cut off the game server or the lobby.');
    if (!this.partitions) throw new Error('Start the fleet with a single Redis, and without `partitions: false`.');
    this.partitions.cut(nameOf(server), side);
  }

  /** Ends all cuts by `partition`. */
  async heal(): Promise<void> {
    this.partitions?.mend();
  }

  /**
   * Restarts a server with the same name, settings and ports for players. Kills the server first if it still runs. Resolves when the server
   * is ready. `env`: settings that differ from those before the restart.
   */
  async restart(name: FleetServer | string, env: Readonly<Record<string, string>> = {}): Promise<FleetServer> {
    const server = this.server(name);
    if (!server.exit) server.kill();
    await server.exited;
    return this.launch(server.type, server.name, { ...server.spec.env, ...env });
  }

  // ── Players and operators ────────────────────────────────────────────────────────────────────────────────────

  /** Connects a new player. Pass `name` for a guest, or `token` if the fleet requires tokens. */
  async connect({ gateway, transport = 'websocket', ...options }: PlayerOptions): Promise<Session> {
    const first = gateway === undefined ? this.nextGateway++ % this.gateways.length : this.gateways.indexOf(this.server(gateway));
    const inOrder = [...this.gateways.slice(first), ...this.gateways.slice(0, first)];
    const urls = inOrder.map(({ tcpUrl, publicUrl }) => (transport === 'tcp' ? tcpUrl : publicUrl));
    const session = await this.open(urls, options);
    this.sessions.push(session);
    return session;
  }

  /** Reads the owner of a room from the store. */
  async ownerOf({ id }: { readonly id: string }): Promise<FleetServer> {
    const owner = await this.store.client.hget(this.redisName(`room:{${id}}`), 'owner');
    const server = this.games.find((game) => game.id === owner);
    if (!server) throw new Error(`Room ${id} has the owner ${owner}, which is not a game server of this fleet.`);
    return server;
  }

  /** Calls the admin API of a gateway as an operator. Throws an error with the answer when the gateway refuses the request. */
  async admin(method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
    const gateway = this.gateways.find(({ exit }) => exit === null);
    if (!gateway) throw new Error('No gateway of this fleet is running.');
    const response = await fetch(`${gateway.opsUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(DRAIN_MS),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} was refused (${response.status}): ${text}`);
    return JSON.parse(text);
  }

  /** Returns the whole output of all servers, including servers that have ended. */
  async logs(): Promise<string> {
    const files = (await readdir(this.home)).filter((name) => name.endsWith('.log'));
    return (await Promise.all(files.map((name) => readFile(join(this.home, name), 'utf8')))).join('\n');
  }

  // ── The end ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Kills all processes and deletes their files. Throws an error if a server ended by itself. */
  async stop(): Promise<void> {
    for (const session of this.sessions) session.detach();
    const faults = this.servers.filter((server) => server.exit && !server.isExpectedToEnd);
    for (const server of this.servers) server.kill();
    for (const child of this.children) child.kill('SIGKILL');
    await Promise.all(this.servers.map(({ exited }) => exited));
    this.partitions?.close();
    await this.store.stop();
    await rm(this.home, { recursive: true, force: true, maxRetries: 3 });
    if (faults.length === 0) return;
    throw new Error(
      faults.map((server) => `${server.id} ended unexpectedly (${JSON.stringify(server.exit)}):\n${lastWords(server)}`).join('\n'),
    );
  }

  /** Prints the last lines of all servers, which help to explain a failed test. */
  print(test: string): void {
    const words = [...this.former, ...this.servers].map((server) => `${server.id}${server.exit ? ' (ended)' : ''}\n${lastWords(server)}`);
    process.stderr.write(`\n── ${test}: the last lines of the servers ──\n${words.join('\n')}\n`);
  }

  /** Opens a session. A subclass may use another client. */
  protected open(urls: readonly string[], options: ConnectOptions): Promise<Session> {
    return connect(urls, options);
  }

  /** Returns the file that starts this server. A subclass may start servers of several builds. */
  protected entryOf(type: ServerType, _name: string): string {
    return resolve(this.fleetOptions.cwd ?? '.', this.fleetOptions.entries?.[type] ?? ENTRIES[type]);
  }

  protected async launch(
    type: ServerType,
    name: string,
    env: Readonly<Record<string, string>>,
    mayBeUnready = false,
  ): Promise<FleetServer> {
    const { cwd, output } = this.fleetOptions;
    const spec = {
      type,
      name,
      env,
      main: this.entryOf(type, name),
      cwd: cwd === undefined ? undefined : resolve(cwd),
      output,
      mayBeUnready,
    };
    const server = await FleetServer.start(spec, this.home, (child) => {
      this.children.add(child);
      child.once('exit', () => this.children.delete(child));
    });
    const group = this.groupOf(type);
    const index = group.findIndex((known) => known.name === name);
    if (index < 0) {
      group.push(server);
      group.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
    } else this.former.push(...group.splice(index, 1, server));
    return server;
  }

  private groupOf(type: ServerType): FleetServer[] {
    switch (type) {
      case 'gateway':
        return this.gateways;
      case 'lobby':
        return this.lobbies;
      case 'game':
        return this.games;
      default:
        return type satisfies never;
    }
  }
}

function nameOf({ type, name }: FleetServer): string {
  return `${type}-${name}`;
}

function lastWords(server: FleetServer): string {
  return server
    .log()
    .slice(-LAST_LINES)
    .map((line) => `    ${line}`)
    .join('\n');
}
