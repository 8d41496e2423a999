import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FleetRedis, type FleetStore } from './fleet-redis.js';
import { RunningFleet, type TestFleetOptions } from './running-fleet.js';

/**
 * A whole fleet for a test. Each server is a process with the code of this project. The servers share a private Redis. The test may kill,
 * suspend, drain and cut off any server. All processes end with `stop()`, or with the process of the test.
 *
 * @example
 * ```ts
 * const fleet = await TestFleet.start({ games: 2 });
 * const player = await fleet.connect({ name: 'ann' });
 * await fleet.kill('game-1');
 * await fleet.stop();
 * ```
 */
export class TestFleet extends RunningFleet {
  /** Starts a fleet. Resolves when all servers are ready and know each other. */
  static async start(options: TestFleetOptions = {}): Promise<TestFleet> {
    const home = await mkdtemp(join(tmpdir(), 'holdfast-fleet-'));
    return new TestFleet(home, await storeFor(home, options), options).startAll();
  }
}

/** Starts the store of a fleet. */
export async function storeFor(home: string, { store, redis }: Pick<TestFleetOptions, 'store' | 'redis'>): Promise<FleetStore> {
  return store ? store(home) : FleetRedis.start(home, redis);
}
