import { LuaScript, type RedisClient, redisName } from '#libs/redis';

const beginScript = new LuaScript('audit_begin', new URL('./begin-act.lua', import.meta.url), 2);
const updateScript = new LuaScript('audit_update', new URL('./update-act.lua', import.meta.url), 1);

/** Hash: the acts of operators as JSON, by id. */
export const actsKey = (): string => redisName('{audit}:acts');
/** Sorted set: the ids of the acts of operators, in the order of the times at which the acts began. */
export const actOrderKey = (): string => redisName('{audit}:order');

/**
 * Adds an act and returns its id: the store time in ms, a dash, and `end`. `limits`: the maximum number of stored acts, and their maximum
 * age in ms.
 */
export async function beginAct(
  client: RedisClient,
  end: string,
  json: string,
  limits: { readonly actsMax: number; readonly keptMs: number },
): Promise<string> {
  return String(await beginScript.run(client, [actsKey(), actOrderKey()], [end, json, limits.actsMax, limits.keptMs]));
}

/** Replaces the JSON of an act. Returns false when the log no longer has the act. */
export async function updateAct(client: RedisClient, id: string, json: string): Promise<boolean> {
  return (await updateScript.run(client, [actsKey()], [id, json])) === 1;
}
