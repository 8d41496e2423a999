import { Injectable } from '@nestjs/common';
import { Redis } from 'ioredis';
import { sleep } from '#libs/async';
import { serversKey } from '#libs/fleet';
import { RedisConnections } from '#libs/redis';
import { StoreGeneration } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { POLL_MS, RELISTED_MS } from './settlement.options.js';

/**
 * A Redis that has just been started may not list the servers that live: it came back empty, or with records that have expired. A process
 * that starts at this moment would know none of them, take the store for settled, and make them come too late with what they know.
 */
@Injectable()
export class YoungStore {
  constructor(
    private readonly generation: StoreGeneration,
    private readonly redis: RedisConnections,
    private readonly log: Log,
  ) {}

  /**
   * To be awaited before this process reads the list of servers. Resolves at once in a Redis that other processes know as settled, and at
   * the latest after `RELISTED_MS`. Rejects when Redis does not answer.
   */
  async whenServersAreListed(): Promise<void> {
    const since = performance.now();
    const deadline = since + RELISTED_MS;
    while (!(await this.mayBeComplete(since)) && performance.now() < deadline) await sleep(POLL_MS);
    const ms = Math.round(performance.now() - since);
    if (ms > POLL_MS) this.log.info('store.young', { ms });
  }

  private async mayBeComplete(since: number): Promise<boolean> {
    // Null right after the connection, until the run of Redis is known.
    if (this.generation.current === null) return false;
    if (await this.generation.wasSettled()) return true;
    if ((await this.redis.commands.scard(serversKey())) > 0) return performance.now() - since >= RELISTED_MS;
    // No server was listed when Redis was stopped, or it came back empty. Living servers were able to connect since its start.
    return (await uptimeMs(this.redis.commands)) >= RELISTED_MS;
  }
}

/** Time since the start of the node, or of the youngest primary of a Cluster, in ms. Redis measures in whole seconds. */
async function uptimeMs(client: RedisConnections['commands']): Promise<number> {
  const nodes = client instanceof Redis ? [client] : client.nodes('master');
  const uptimes = await Promise.all(nodes.map(async (node) => /uptime_in_seconds:(\d+)/.exec(String(await node.info('server')))?.[1]));
  return Math.min(...uptimes.map((seconds) => Number(seconds ?? 0))) * 1_000;
}
