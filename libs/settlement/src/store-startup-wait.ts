import { Injectable } from '@nestjs/common';
import { Redis } from 'ioredis';
import { sleep } from '#libs/async';
import { serversKey } from '#libs/fleet';
import { RedisConnections } from '#libs/redis';
import { StoreGeneration } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { POLL_MS, RELISTED_MS } from './settlement.options.js';

/**
 * Delays the start of a process while Redis itself has just started. The registry perhaps lacks some living servers, because Redis
 * started empty or because records have expired. A process that read the registry now could regard the store as settled too early. Living
 * servers could then no longer restore their data.
 */
@Injectable()
export class StoreStartupWait {
  constructor(
    private readonly generation: StoreGeneration,
    private readonly redis: RedisConnections,
    private readonly log: Log,
  ) {}

  /**
   * Waits until all living servers have had time to register again, at most `RELISTED_MS`. Call it before this process reads the registry.
   * Resolves at once when this run of Redis is settled. Rejects when Redis does not answer.
   */
  async whenServersAreListed(): Promise<void> {
    const since = performance.now();
    const deadline = since + RELISTED_MS;
    while (!(await this.mayBeComplete(since)) && performance.now() < deadline) await sleep(POLL_MS);
    const ms = Math.round(performance.now() - since);
    if (ms > POLL_MS) this.log.info('store.young', { ms });
  }

  private async mayBeComplete(since: number): Promise<boolean> {
    // After the connection to Redis, `current` is null until this process has read the store generation.
    if (this.generation.current === null) return false;
    if (await this.generation.wasSettled()) return true;
    if ((await this.redis.commands.scard(serversKey())) > 0) return performance.now() - since >= RELISTED_MS;
    // The registry is empty: Redis started empty, or no server was registered. Waits until Redis has run long enough for living servers to
    // register again.
    return (await uptimeMs(this.redis.commands)) >= RELISTED_MS;
  }
}

/** Returns the time since the start of the node, or of the youngest primary of a Cluster, in ms. Redis measures in whole seconds. */
async function uptimeMs(client: RedisConnections['commands']): Promise<number> {
  const nodes = client instanceof Redis ? [client] : client.nodes('master');
  const uptimes = await Promise.all(nodes.map(async (node) => /uptime_in_seconds:(\d+)/.exec(String(await node.info('server')))?.[1]));
  return Math.min(...uptimes.map((seconds) => Number(seconds ?? 0))) * 1_000;
}
