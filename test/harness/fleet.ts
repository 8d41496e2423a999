import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectOptions, connect, type Room, type Session } from '#libs/client';
import type { ServerType } from '#libs/protocol';
import { ROOT } from '../../tools/process/paths.mjs';
import { FleetRedis, type FleetRedisOptions, type FleetStore } from './fleet-redis.js';
import { FleetServer } from './fleet-server.js';
import { reportOnFailure } from './report.js';
import { until } from './until.js';

export interface FleetOptions {
  readonly gateways?: number;
  readonly lobbies?: number;
  readonly games?: number;
  /** Settings for all of its servers. */
  readonly env?: Readonly<Record<string, string>>;
  readonly redis?: FleetRedisOptions;
  /** Another store than a single Redis; it is stopped with the fleet. */
  readonly store?: (home: string) => Promise<FleetStore>;
  /** Game servers with a short turn of tic-tac-toe, with a game that saves nothing (`fleeting`), and with `ledger`. */
  readonly testGames?: { readonly turnMs: number };
  /** A file descriptor that takes standard output and standard error of every server. */
  readonly output?: number;
}

export interface PlayerOptions extends Pick<ConnectOptions, 'reconnect'> {
  /** Where they come in first; the others are where they go when it is lost. */
  readonly gateway?: FleetServer;
  readonly encoding?: 'binary' | 'json' | 'tcp';
}

/** Two in a game: the first made the room and has seat 0. */
export interface Game<Rules = unknown> {
  readonly players: readonly [Session, Session];
  readonly rooms: readonly [Room<Rules>, Room<Rules>];
}

const TYPES = { gateways: 'gateway', lobbies: 'lobby', games: 'game' } as const satisfies Record<string, ServerType>;
export const ADMIN_TOKEN = 'a token for tests only';
const TEST_GAME_SERVER = join(ROOT, 'test/harness/game-server.mjs');
const LAST_LINES = 12;

/**
 * A whole fleet from dist/, each server a process, with a Redis of its own. Everything ends with `stop()`, and with
 * this process, however that ends.
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
  /** Shared by all links of this fleet. */
  readonly linkSecret = randomBytes(18).toString('hex');

  private readonly children = new Set<ChildProcess>();
  /** Those that were replaced by a restart, for their last words. */
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

  /** The single Redis of a fleet that has one. */
  get redis(): FleetRedis {
    if (!(this.store instanceof FleetRedis)) throw new Error('this fleet has another store than a single Redis');
    return this.store;
  }

  get servers(): readonly FleetServer[] {
    return [...this.gateways, ...this.lobbies, ...this.games];
  }

  /** One more server; resolves when it is ready. */
  async start(type: ServerType, name: string, env: Readonly<Record<string, string>> = {}): Promise<FleetServer> {
    return this.launch(type, name, { ...this.settings(), ...(await FleetServer.portsFor(type)), ...env });
  }

  /** One more server that has another `LINK_SECRET` than the fleet; resolves when it listens. */
  async startStranger(type: ServerType, name: string, linkSecret: string): Promise<FleetServer> {
    const env = { ...this.settings(), ...(await FleetServer.portsFor(type)), LINK_SECRET: linkSecret };
    return this.launch(type, name, env, true);
  }

  /** What a server of this fleet is told, beside its name and ports. */
  settings(): Record<string, string> {
    return {
      REDIS_URL: this.store.url,
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

  /** The same server anew (kill -9 if it lives): same name, settings and players' ports. */
  async restart(server: FleetServer): Promise<FleetServer> {
    if (!server.exit) server.kill();
    await server.exited;
    return this.launch(server.type, server.name, server.spec.env);
  }

  /** Waits until every server that lives is ready, knows each of the others, and rooms can be placed on all game servers. */
  async whole(): Promise<void> {
    const living = this.servers.filter(({ exit }) => exit === null);
    const games = living.filter(({ type }) => type === 'game').map(({ id }) => id);
    await Promise.all(living.map((server) => until(() => knowsAll(server, living), 10_000)));
    await until(async () => {
      const orders = await this.store.client.smembers('hf:{placement}:offers:tic-tac-toe');
      const offered = (await Promise.all(orders.map((order) => this.store.client.zrange(order, '0', '-1')))).flat();
      return games.every((id) => offered.some((record) => record.endsWith(`:${id}`)));
    }, 10_000);
  }

  /** All that its servers have written since it was started, those that have ended among them. */
  async logs(): Promise<string> {
    const files = (await readdir(this.home)).filter((name) => name.endsWith('.log'));
    return (await Promise.all(files.map((name) => readFile(join(this.home, name), 'utf8')))).join('\n');
  }

  // ── Players ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** A player who has said hello. Gateways take turns unless one is named. */
  async newPlayer(name: string, { gateway, encoding = 'binary', reconnect }: PlayerOptions = {}): Promise<Session> {
    const first = gateway ? this.gateways.indexOf(gateway) : this.nextGateway++ % this.gateways.length;
    const inOrder = [...this.gateways.slice(first), ...this.gateways.slice(0, first)];
    const session = await connect(
      inOrder.map(({ tcpUrl, publicUrl }) => (encoding === 'tcp' ? tcpUrl : publicUrl)),
      { name, ...(encoding === 'json' && { subprotocol: 'json' }), ...(reconnect && { reconnect }) },
    );
    this.sessions.push(session);
    return session;
  }

  /** Two new players, at different gateways if there are several, and the first state of their game before them. */
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

  /** The server that a room is played on, by the store's word. */
  async ownerOf({ id }: { id: string }): Promise<FleetServer> {
    const owner = await this.store.client.hget(`hf:room:{${id}}`, 'owner');
    const server = this.games.find((game) => game.id === owner);
    if (!server) throw new Error(`room ${id} is owned by ${owner}, which is no game server of this fleet`);
    return server;
  }

  // ── The end ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Ends everything at once. Fails when a server had ended that the test did not end. */
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
      faults.map((server) => `${server.id} ended by itself (${JSON.stringify(server.exit)}):\n${lastWords(server)}`).join('\n'),
    );
  }

  /** The servers' last lines, for whoever looks at a test that failed. */
  print(test: string): void {
    const words = [...this.former, ...this.servers].map((server) => `${server.id}${server.exit ? ' (ended)' : ''}\n${lastWords(server)}`);
    process.stderr.write(`\n── ${test}: what the servers said last ──\n${words.join('\n')}\n`);
  }

  private async launch(type: ServerType, name: string, env: Readonly<Record<string, string>>, mayBeUnready = false): Promise<FleetServer> {
    const main = type === 'game' && this.options.testGames ? { main: TEST_GAME_SERVER } : {};
    const server = await FleetServer.start({ type, name, env, ...main, output: this.options.output, mayBeUnready }, this.home, (child) => {
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

/** The first state is there. */
function inPlay<Rules>(room: Room<Rules>): Promise<Room<Rules>> {
  return room.waitFor(({ status, state }) => status === 'playing' && state !== undefined, { timeoutMs: 10_000 });
}

/** By its own metrics; `holdfast_servers` counts itself too. */
async function knowsAll(server: FleetServer, living: readonly FleetServer[]): Promise<boolean> {
  // What it knows it knows still while it has no store to ask.
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
