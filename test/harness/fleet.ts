import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectOptions, Room, Session } from '#libs/client/node';
import type { ServerType } from '#libs/protocol';
import { ROOT } from '../../tools/process/paths.mjs';
import { mainOf } from '../../tools/start/launch-server.mjs';
import type { FleetStore } from '../../tools/testing/fleet-redis.js';
import { FleetServer } from '../../tools/testing/fleet-server.js';
import { ADMIN_TOKEN, RunningFleet, type TestFleetOptions } from '../../tools/testing/running-fleet.js';
import { storeFor } from '../../tools/testing/test-fleet.js';
import type { Way } from './raw-player.js';
import { reportOnFailure } from './report.js';

export { ADMIN_TOKEN };

export interface FleetOptions extends Omit<TestFleetOptions, 'entries' | 'cwd'> {
  /** If set, game servers run `game-server.mjs`: tic-tac-toe with turns of `turnMs`, and games for tests, such as `ledger`. */
  readonly testGames?: { readonly turnMs: number };
  /** If set, the servers are `dist/gateway.js`, `dist/lobby.js` and `dist/game.js` of another project. */
  readonly project?: { readonly folder: string; readonly game: string };
}

export interface PlayerOptions extends Pick<ConnectOptions, 'reconnect'> {
  /** The gateway to connect to first. When this gateway is lost, the client uses the other gateways. */
  readonly gateway?: FleetServer;
  /** The form of the player's connection. `compact`: the default of the client. `binary`: without compact syncs. */
  readonly encoding?: 'compact' | Way;
}

/** Two players in a game. The first one created the room and has seat 0. */
export interface Game<Rules = unknown> {
  readonly players: readonly [Session, Session];
  readonly rooms: readonly [Room<Rules>, Room<Rules>];
}

const TEST_GAME_SERVER = join(ROOT, 'test/harness/game-server.mjs');

/** Starts a whole fleet from dist/ with a private Redis, and without proxies unless `partitions` asks for them. */
export async function startFleet(options: FleetOptions = {}): Promise<Fleet> {
  const home = await mkdtemp(join(tmpdir(), 'holdfast-fleet-'));
  return new Fleet(home, await storeFor(home, options), options).begin();
}

/** A fleet for the tests of this repository. Its servers are those of this repository. */
export class Fleet extends RunningFleet {
  private readonly stopReporting: () => void;

  constructor(home: string, store: FleetStore, options: FleetOptions) {
    super(home, store, {
      partitions: false,
      ...options,
      ...(options.project
        ? { cwd: options.project.folder }
        : {
            cwd: ROOT,
            entries: { gateway: mainOf('gateway'), lobby: mainOf('lobby'), game: options.testGames ? TEST_GAME_SERVER : mainOf('game') },
          }),
      env: { ...(options.testGames && { TEST_TURN_MS: String(options.testGames.turnMs) }), ...options.env },
    });
    this.stopReporting = reportOnFailure((test) => this.print(test));
  }

  /** The folder with the logs of all servers, one file for each. */
  get logFolder(): string {
    return this.home;
  }

  begin(): Promise<this> {
    return this.startAll();
  }

  /** Starts one more server. Resolves when it is ready. */
  start(type: ServerType, name: string, env: Readonly<Record<string, string>> = {}): Promise<FleetServer> {
    return this.add(type, name, env);
  }

  /** Starts one more server, with a `LINK_SECRET` that differs from that of the fleet. Resolves when the server listens. */
  async startStranger(type: ServerType, name: string, linkSecret: string): Promise<FleetServer> {
    const env = { ...this.settings(), ...(await FleetServer.portsFor(type)), LINK_SECRET: linkSecret };
    return this.launch(type, name, env, true);
  }

  /** Connects a new player. Without `gateway`, each new player uses the next gateway. */
  newPlayer(name: string, { gateway, encoding = 'compact', reconnect }: PlayerOptions = {}): Promise<Session> {
    return this.connect({
      name,
      gateway,
      transport: encoding === 'tcp' ? 'tcp' : 'websocket',
      ...(encoding === 'json' && { subprotocol: 'json' }),
      ...(encoding === 'binary' && { compact: null }),
      ...(reconnect && { reconnect }),
    });
  }

  /** Starts a game of two new players, at different gateways if possible. Resolves when both have the first state of the game. */
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

  override async stop(): Promise<void> {
    this.stopReporting();
    await super.stop();
  }
}

function inPlay<Rules>(room: Room<Rules>): Promise<Room<Rules>> {
  return room.waitFor(({ status, state }) => status === 'playing' && state !== undefined, { timeoutMs: 10_000 });
}
