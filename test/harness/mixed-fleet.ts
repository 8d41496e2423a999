import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectOptions, Session } from '#libs/client/node';
import type { ServerType } from '#libs/protocol';
import type { FleetStore } from '../../tools/testing/fleet-redis.js';
import type { FleetServer } from '../../tools/testing/fleet-server.js';
import { storeFor } from '../../tools/testing/test-fleet.js';
import { Fleet, type FleetOptions } from './fleet.js';
import { type LastRelease, unpackLastRelease } from './last-release.js';

/** The code that a server or a client runs: the packages of the last release, which `releases/` stores, or this build. */
export type Release = 'last' | 'this';

/**
 * Starts a fleet of the last release, whose servers can be changed to this build and back. Every second player has the client of that
 * release.
 */
export async function startMixedFleet(options: Omit<FleetOptions, 'testGames' | 'project'>): Promise<MixedFleet> {
  const home = await mkdtemp(join(tmpdir(), 'holdfast-mixed-'));
  const project = join(home, 'last-release');
  await mkdir(project);
  const last = await unpackLastRelease(project);
  const all = { ...options, testGames: { turnMs: 60_000 } };
  return new MixedFleet(home, await storeFor(home, all), all, last).begin();
}

export class MixedFleet extends Fleet {
  private readonly releases = new Map<string, Release>();
  private sessionCount = 0;

  constructor(
    home: string,
    store: FleetStore,
    options: FleetOptions,
    readonly last: LastRelease,
  ) {
    super(home, store, options);
  }

  /** Restarts a server with another build, as an orchestrator does: SIGTERM, the end of the process, a new process, and its readiness. */
  async change(server: FleetServer, release: Release): Promise<FleetServer> {
    await this.terminate(server);
    return this.replace(server, release);
  }

  /** Starts a server of the given release in place of a server that has ended. */
  async replace(server: FleetServer, release: Release): Promise<FleetServer> {
    this.releases.set(`${server.type}-${server.name}`, release);
    return this.restart(server);
  }

  /** Starts one more server of a release. */
  addOf(release: Release, type: ServerType, name: string): Promise<FleetServer> {
    this.releases.set(`${type}-${name}`, release);
    return this.start(type, name);
  }

  /** Returns the versions of Holdfast that the living servers report, without repetitions. */
  async versions(): Promise<string[]> {
    const { servers } = (await this.admin('GET', '/api/servers')) as { servers: { version: string; state: string }[] };
    return [...new Set(servers.filter(({ state }) => state !== 'dead').map(({ version }) => version))].sort();
  }

  protected override open(urls: readonly string[], options: ConnectOptions): Promise<Session> {
    // Every second session uses the client of the last release. So of the two players of a game, the first one has this client.
    return this.sessionCount++ % 2 === 0 ? this.last.client.connect(urls, options) : super.open(urls, options);
  }

  protected override entryOf(type: ServerType, name: string): string {
    return (this.releases.get(`${type}-${name}`) ?? 'last') === 'last' ? this.last.entryOf(type) : super.entryOf(type, name);
  }
}
