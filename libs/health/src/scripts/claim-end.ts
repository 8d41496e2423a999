import type { ServerRecord } from '#libs/fleet';
import { LuaScript, type RedisClient } from '#libs/redis';
import { END_CLAIM_MS } from '../health.options.js';

const CLAIM_END = new LuaScript('health_claim_end', new URL('./claim-end.lua', import.meta.url), 1);

export async function claimEnd(
  client: RedisClient,
  { id, incarnation }: ServerRecord,
  verb: 'take' | 'keep' | 'release' | 'settle',
): Promise<boolean> {
  return (await CLAIM_END.run(client, [id], [incarnation, verb, END_CLAIM_MS])) === 1;
}
