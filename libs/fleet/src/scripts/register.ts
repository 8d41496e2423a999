import { LuaScript, type RedisClient } from '#libs/redis';
import { HOLDFAST_VERSION } from '#libs/telemetry';
import type { Self } from '../self.js';
import type { ServerState } from '../server-record.js';

const REGISTER = new LuaScript('fleet_register', new URL('./register.lua', import.meta.url), 1);

/**
 * Writes the whole record of this process.
 *
 * @param startedAt store time in ms of the first registration of this process. 0: this is the first registration
 * @param keep the incarnation to keep. 0: the script assigns a new incarnation
 * @returns the registered incarnation: `keep`, or a new incarnation if `keep` is no longer possible
 */
export async function registerServer(
  client: RedisClient,
  self: Self,
  state: ServerState,
  startedAt: number,
  keep: number,
): Promise<number> {
  const { id, type, name, incarnation, addresses, build, region, canary, games } = self;
  if (!addresses) throw new Error('The server has no addresses: call register() with addresses first.');
  const fields = {
    type,
    name,
    state,
    ...addresses,
    version: HOLDFAST_VERSION,
    build,
    region,
    canary: canary ? '1' : '0',
    games: JSON.stringify(games),
    marksStore: '1',
    ...(startedAt > 0 ? { startedAt } : {}),
  };
  const answer = await REGISTER.run(client, [id], [keep, incarnation, ...Object.entries(fields).flat()]);
  return Number(answer);
}
