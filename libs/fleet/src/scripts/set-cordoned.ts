import type { ServerId } from '#libs/protocol';
import { LuaScript, type RedisClient } from '#libs/redis';
import type { SetStateAnswer } from './set-state.js';

const SET_CORDONED = new LuaScript('fleet_set_cordoned', new URL('./set-cordoned.lua', import.meta.url), 1);

/** Cordons or uncordons a server. A cordon ends with the incarnation: a server that registers again is not cordoned. */
export async function setCordoned(client: RedisClient, id: ServerId, incarnation: number, cordoned: boolean): Promise<SetStateAnswer> {
  return (await SET_CORDONED.run(client, [id], [incarnation, cordoned ? 1 : 0])) as SetStateAnswer;
}
