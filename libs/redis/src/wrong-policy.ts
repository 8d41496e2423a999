import { Cluster, type Redis } from 'ioredis';
import type { RedisClient } from './connect.js';

const RIGHT = 'noeviction';

/**
 * Returns the policy of the first node that evicts keys when it is full. Null: no node evicts keys, or `INFO` does not show the policy.
 * Ignores `maxmemory`, because it can be set later. Reads `INFO` and not `CONFIG`, because managed services block `CONFIG`.
 */
export async function wrongPolicyOf(client: RedisClient): Promise<string | null> {
  const nodes: readonly Redis[] = client instanceof Cluster ? client.nodes('master') : [client];
  const infos = await Promise.all(nodes.map((node) => node.info('memory')));
  const policies = infos.map((info) => /^maxmemory_policy:(\S+)/m.exec(String(info))?.[1] ?? RIGHT);
  return policies.find((policy) => policy !== RIGHT) ?? null;
}
