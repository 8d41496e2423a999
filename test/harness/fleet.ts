import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectOptions, connect, type Room, type Session } from '#libs/client/node';
import type { ServerType } from '#libs/protocol';
import { keyPrefix } from '#libs/redis';
import { ROOT } from '../../tools/process/paths.mjs';
import { until } from '../../tools/process/until.mjs';
import { FleetRedis, type FleetRedisOptions, type FleetStore } from './fleet-redis.js';
import { FleetServer } from './fleet-server.js';
import type { Way } from './raw-player.js';
import { reportOnFailure } from './report.js';

export interface FleetOptions {
  readonly gateways?: number;
  readonly lobbies?: number;
  readonly games?: number;
  /** Settings for all servers. */
  readonly env?: Readonly<Record<string, string>>;
  readonly redis?: FleetRedisOptions;
  /** Starts another store than a single Redis. The fleet stops it at its end. */
  readonly store?: (home: string) => FleetStore | Promise<FleetStore>;
  /** If set, game servers run `game-server.mjs`: tic-tac-toe with turns of `turnMs`, and games for tests, such as `ledger`. */
  readonly testGames?: { readonly turnMs: number };
  /** If set, the servers are `dist/gateway.js`, `dist/lobby.js` and `dist/game.js` of another project, which offers one game. */
  readonly project?: { readonly folder: string; readonly game: string };
  /** A file descriptor for the standard output and standard error of every server. */
  readonly output?: number;
}

export interface PlayerOptions extends Pick<ConnectOptions, 'reconnect'> {
  /** The gateway to connect to first. When this gateway is lost, the client uses the other gateways. */
  readonly gateway?: FleetServer;
  /** `compact` is what the client uses by default; `binary` reads no compact syncs. */
  readonly encoding?: 'compact' | Way;
}

/** Two players in a game. The first one created the room and has seat 0. */
export interface Game<Rules = unknown> {
  readonly players: readonly [Session, Session];
  readonly rooms: readonly [Room<Rules>, Room<Rules>];
}

const TYPES = { gateways: 'gateway', lobbies: 'lobby', games: 'game' } as const satisfies Record<string, ServerType>;
export const ADMIN_TOKEN = 'a token for tests only';
const TEST_GAME_SERVER = join(ROOT, 'test/harness/game-server.mjs');
const LAST_LINES = 12;

/**
 * Starts a whole fleet from dist/ with a private Redis. Each server is a process. All processes end with `stop()` or with
 * the test's process.
 */
export async function startFleet(options: FleetOptions = {}): Promise<Fleet> {
  const home = await mkdtemp(join(tmpdir(), 'holdfast-fleet-'));
  const store = options.store ? await options.store(home) : await FleetRedis.start(home, options.redis);
  const fleet = new Fleet(home, store, options);
  try {
    const counts = { gateways: 1, lobbies: 1, games: 1, ...options };
    await Promise.all(
      (Object.keys(TYPES) as (keyof typeof TYPES)[]).flatMap((group) =>
        Array.from({ length: counts[group] }, (_, index) => fleet.start(TYPES[group], String(index + 1))),
      ),
    );
    await fleet.whole();
    return fleet;
  } catch (error) {
    fleet.print('the fleet did not start');
    await fleet.stop().catch(() => {});
    throw error;
  }
}

export class Fleet {
  readonly gateways: FleetServer[] = [];
  readonly lobbies: FleetServer[] = [];
  readonly games: FleetServer[] = [];
  /** The `LINK_SECRET` of all servers of this fleet. */
  readonly linkSecret = randomBytes(18).toString('hex');

  private readonly children = new Set<ChildProcess>();
  /** Processes that a restart replaced. `print` shows their last lines. */
  private readonly former: FleetServer[] = [];
  private readonly sessions: Session[] = [];
  private readonly stopReporting: () => void;
  private nextGateway = 0;

  constructor(
    private readonly home: string,
    readonly store: FleetStore,
    private readonly options: FleetOptions,
  ) {
    this.stopReporting = reportOnFailure((test) => this.print(test));
  }

  /** The single Redis of this fleet. Throws when the fleet has another store. */
  get redis(): FleetRedis {
    if (!(this.store instanceof FleetRedis)) throw new Error('This fleet has another store than a single Redis: use `store`.');
    return this.store;
  }

  /** Returns the full name of a key or channel of this fleet. Its prefix is `REDIS_PREFIX` in `env`, or the default. */
  redisName(name: string): string {
    return `${this.options.env?.REDIS_PREFIX ?? keyPrefix()}:${name}`;
  }

  get servers(): readonly FleetServer[] {
    return [...this.gateways, ...this.lobbies, ...this.games];
  }

  /** Starts one more server. Resolves when it is ready. */
  async start(type: ServerType, name: string, env: Readonly<Record<string, string>> = {}): Promise<FleetServer> {
    return this.launch(type, name, { ...this.settings(), ...(await FleetServer.portsFor(type)), ...env });
  }

  /** Starts one more server with another `LINK_SECRET` than the fleet. Resolves when it listens. */
  async startStranger(type: ServerType, name: string, linkSecret: string): Promise<FleetServer> {
    const env = { ...this.settings(), ...(await FleetServer.portsFor(type)), LINK_SECRET: linkSecret };
    return this.launch(type, name, env, true);
  }

  /** Returns the settings that all servers of this fleet have in common: all except the name and the ports. */
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
      ...(this.options.testGames && { TEST_TURN_MS: String(this.options.testGames.turnMs) }),
      ...this.options.env,
    };
  }

  /** Restarts a server with the same name, settings and ports for players. Kills it first if it is alive. */
  async restart(server: FleetServer): Promise<FleetServer> {
    if (!server.exit) server.kill();
    await server.exited;
    return this.launch(server.type, server.name, server.spec.env);
  }

  /** Waits until all living servers are ready and know each other, and rooms can be placed on all game servers. */
  async whole(): Promise<void> {
    const living = this.servers.filter(({ exit }) => exit === null);
    const games = living.filter(({ type }) => type === 'game').map(({ id }) => id);
    await Promise.all(living.map((server) => until(() => knowsAll(server, living), 10_000)));
    await until(async () => {
      const orders = await this.store.client.smembers(this.redisName(`{placement}:offers:${this.options.project?.game ?? 'tic-tac-toe'}`));
      const offered = (await Promise.all(orders.map((order) => this.store.client.zrange(order, '0', '-1')))).flat();
      return games.every((id) => offered.some((record) => record.endsWith(`:${id}`)));
    }, 10_000);
  }

  /** Returns the whole output of all servers, including servers that have ended. */
  async logs(): Promise<string> {
    const files = (await readdir(this.home)).filter((name) => name.endsWith('.log'));
    return (await Promise.all(files.map((name) => readFile(join(this.home, name), 'utf8')))).join('\n');
  }

  // ── Players ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Connects a new player. Without `gateway` the players go to the gateways in rotation. */
  async newPlayer(name: string, { gateway, encoding = 'compact', reconnect }: PlayerOptions = {}): Promise<Session> {
    const first = gateway ? this.gateways.indexOf(gateway) : this.nextGateway++ % this.gateways.length;
    const inOrder = [...this.gateways.slice(first), ...this.gateways.slice(0, first)];
    const session = await connect(
      inOrder.map(({ tcpUrl, publicUrl }) => (encoding === 'tcp' ? tcpUrl : publicUrl)),
      {
        name,
        ...(encoding === 'json' && { subprotocol: 'json' }),
        ...(encoding === 'binary' && { compact: null }),
        ...(reconnect && { reconnect }),
      },
    );
    this.sessions.push(session);
    return session;
  }

  /** Starts a game of two new players, at different gateways if possible. Resolves when both have its first state. */
  async twoPlayersInAGame<Rules = unknown>(game: string, options: readonly [PlayerOptions?, PlayerOptions?] = []): Promise<Game<Rules>> {
    const players = await Promise.all([this.newPlayer('Ada', options[0]), this.newPlayer('Bob', options[1])]);
    const [ada, bob] = players;
    const made = await ada.createRoom<Rules>({ game, private: true });
    const joined = await bob.joinRoom<Rules>(made.id);
    await joined.ready();
    await made.start();
    const rooms = await Promise.all([inPlay(made), inPlay(joined)]);
    return { players: [ada, bob], rooms: [rooms[0], rooms[1]] };
  }

  /** Reads the owner of a room from the store. */
  async ownerOf({ id }: { id: string }): Promise<FleetServer> {
    const owner = await this.store.client.hget(this.redisName(`room:{${id}}`), 'owner');
    const server = this.games.find((game) => game.id === owner);
    if (!server) throw new Error(`Room ${id} has the owner ${owner}, which is not a game server of this fleet.`);
    return server;
  }

  // ── The end ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Kills all processes and deletes their files. Throws if a server ended although no test ended it. */
  async stop(): Promise<void> {
    this.stopReporting();
    for (const session of this.sessions) session.detach();
    const faults = this.servers.filter((server) => server.exit && !server.isExpectedToEnd);
    for (const server of this.servers) server.kill();
    for (const child of this.children) child.kill('SIGKILL');
    await Promise.all(this.servers.map(({ exited }) => exited));
    await this.store.stop();
    await rm(this.home, { recursive: true, force: true, maxRetries: 3 });
    if (faults.length === 0) return;
    throw new Error(
      faults.map((server) => `${server.id} ended unexpectedly (${JSON.stringify(server.exit)}):\n${lastWords(server)}`).join('\n'),
    );
  }

  /** Prints the last lines of all servers, to explain a failed test. */
  print(test: string): void {
    const words = [...this.former, ...this.servers].map((server) => `${server.id}${server.exit ? ' (ended)' : ''}\n${lastWords(server)}`);
    process.stderr.write(`\n── ${test}: the last lines of the servers ──\n${words.join('\n')}\n`);
  }

  private async launch(type: ServerType, name: string, env: Readonly<Record<string, string>>, mayBeUnready = false): Promise<FleetServer> {
    const { project, testGames, output } = this.options;
    const main = project
      ? { main: join(project.folder, `dist/${type}.js`), cwd: project.folder }
      : { ...(type === 'game' && testGames && { main: TEST_GAME_SERVER }) };
    const server = await FleetServer.start({ type, name, env, ...main, output, mayBeUnready }, this.home, (child) => {
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

/** Waits for the first state of the game. */
function inPlay<Rules>(room: Room<Rules>): Promise<Room<Rules>> {
  return room.waitFor(({ status, state }) => status === 'playing' && state !== undefined, { timeoutMs: 10_000 });
}

/** Returns whether a server counts all living servers in its metric `holdfast_servers`, which includes itself. */
async function knowsAll(server: FleetServer, living: readonly FleetServer[]): Promise<boolean> {
  // A server without the store still shows its last view in the metrics, so it must be ready as well.
  if ((await server.ops('/readyz')).status !== 200) return false;
  const { text } = await server.ops('/metrics');
  return (['gateway', 'lobby', 'game'] as const).every((type) => {
    const [, count = '0'] = new RegExp(`^holdfast_servers\\{[^}]*type="${type}",state="ready"[^}]*\\} (\\d+)`, 'm').exec(text) ?? [];
    return Number(count) === living.filter((other) => other.type === type).length;
  });
}

function lastWords(server: FleetServer): string {
  return server
    .log()
    .slice(-LAST_LINES)
    .map((line) => `    ${line}`)
    .join('\n');
}
