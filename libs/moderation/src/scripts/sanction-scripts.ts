import { LuaScript, type RedisClient } from '#libs/redis';

const imposeScript = new LuaScript('sanction_impose', new URL('./impose.lua', import.meta.url), 3);
const liftScript = new LuaScript('sanction_lift', new URL('./lift.lua', import.meta.url), 3);

/** Imposes a sanction and returns it as JSON. Null: there are already `max` sanctions, so none was imposed. */
export async function imposeSanction(
  client: RedisClient,
  keys: readonly string[],
  { user, until, json, max }: { readonly user: string; readonly until: number | null; readonly json: string; readonly max: number },
): Promise<string | null> {
  return (await imposeScript.run(client, keys, [user, until ?? '', json, max])) as string | null;
}

/** Lifts the sanction of a user and returns it as JSON. Null: the user has no sanction. */
export async function liftSanction(client: RedisClient, keys: readonly string[], user: string): Promise<string | null> {
  return (await liftScript.run(client, keys, [user])) as string | null;
}
