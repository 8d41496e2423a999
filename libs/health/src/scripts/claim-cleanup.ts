import type { ServerRecord } from '#libs/fleet';
import { LuaScript, type RedisClient } from '#libs/redis';
import { CLEANUP_LEASE_MS } from '../health.options.js';

const CLAIM_CLEANUP = new LuaScript('health_claim_cleanup', new URL('./claim-cleanup.lua', import.meta.url), 1);

export async function claimCleanup(
  client: RedisClient,
  { id, incarnation }: ServerRecord,
  action: 'take' | 'renew' | 'give-up' | 'complete',
): Promise<boolean> {
  return (await CLAIM_CLEANUP.run(client, [id], [incarnation, action, CLEANUP_LEASE_MS])) === 1;
}
