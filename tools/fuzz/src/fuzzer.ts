import { mkdtemp, rm } from 'node:fs/promises';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { adminRequests } from './admin.js';
import { decoders } from './decoders.js';
import { startGateway } from './gateway.js';
import { links } from './links.js';
import { overTcp, overWebSocket } from './players.js';
import { stored } from './stored.js';
import { CASE_MS_MAX, Finding, type Target } from './target.js';

/** Time for which the fuzzer runs before it yields to the event loop, in ms. */
const TURN_MS = 50;

/** Functions from outside of dist/ that the fuzzer uses. The compiled fuzzer is in dist/, so it cannot import these functions. */
export interface Surroundings {
  startRedis(options: { dir: string; log: (line: string) => void }): Promise<{ readonly url: string; stop(): Promise<unknown> }>;
}

export interface Fuzzer {
  readonly targets: readonly Target[];
  /** Runs this many cases, and calls `each` before each case. Rejects with the finding, its smallest case, and the seed. */
  run(target: Target, cases: number, seed: number, each?: () => void): Promise<void>;
  close(): Promise<void>;
}

/** Starts a gateway in this process with its own Redis, and creates all targets for hostile input. */
export async function newFuzzer({ startRedis }: Surroundings): Promise<Fuzzer> {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-fuzz-'));
  const redis = await startRedis({ dir, log: () => {} });
  const gateway = await startGateway(redis.url);
  const agent = new Agent({ keepAlive: true });
  const unhandled: unknown[] = [];
  const keep = (error: unknown): void => void unhandled.push(error);
  process.on('unhandledRejection', keep);
  const prototype = Reflect.ownKeys(Object.prototype).length;

  let turnAt = performance.now();

  async function check(target: Target, one: unknown): Promise<void> {
    const startedAt = performance.now();
    // Yields to the event loop. Otherwise synchronous cases would block the gateway's connection to Redis for seconds.
    if (startedAt - turnAt > TURN_MS) {
      await new Promise((resolve) => setImmediate(resolve));
      turnAt = performance.now();
    }
    await target.check(one);
    const ms = performance.now() - startedAt;
    if (ms > (target.msMax ?? CASE_MS_MAX)) throw new Finding(`took ${Math.round(ms)} ms`);
    if (unhandled.length > 0) throw new Finding('an unhandled rejection', { cause: unhandled.splice(0)[0] });
    if (Reflect.ownKeys(Object.prototype).length !== prototype) throw new Finding('Object.prototype was changed');
  }

  return {
    targets: [
      decoders(),
      stored(),
      overTcp(gateway),
      overWebSocket(gateway, 'MessagePack'),
      overWebSocket(gateway, 'JSON'),
      links(gateway),
      adminRequests(gateway, agent),
    ] as readonly Target[],
    async run(target, cases, seed, each = () => {}) {
      const property = fc.asyncProperty(target.cases, async (one) => {
        each();
        await check(target, one);
      });
      await fc.assert(property, { numRuns: cases, seed, interruptAfterTimeLimit: undefined });
    },
    async close() {
      agent.destroy();
      await gateway.close();
      await redis.stop();
      process.off('unhandledRejection', keep);
      await rm(dir, { recursive: true, force: true });
    },
  };
}
