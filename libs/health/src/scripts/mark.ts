import type { ServerId } from '#libs/protocol';
import { LuaScript, type RedisClient } from '#libs/redis';
import type { Eligibility } from '../ports.js';

const MARK = new LuaScript('health_mark', new URL('./mark.lua', import.meta.url), 1);

/**
 * Stores the result of the checks in the server's record. Returns false when the incarnation is dead, when there is a newer incarnation, or
 * when the record is lost.
 */
export async function markServer(
  client: RedisClient,
  id: ServerId,
  incarnation: number,
  { suspect, unheard }: Eligibility,
): Promise<boolean> {
  return (await MARK.run(client, [id], [incarnation, suspect, unheard ? 1 : 0])) === 1;
}
