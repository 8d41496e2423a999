import type { ServerId } from '#libs/protocol';
import { LuaScript, type RedisClient } from '#libs/redis';
import type { ServerState } from '../server-record.js';

const SET_STATE = new LuaScript('fleet_set_state', new URL('./set-state.lua', import.meta.url), 1);

export type SetStateAnswer = 'ok' | 'gone' | 'other' | 'dead';

export async function setServerState(client: RedisClient, id: ServerId, incarnation: number, state: ServerState): Promise<SetStateAnswer> {
  return (await SET_STATE.run(client, [id], [incarnation, state])) as SetStateAnswer;
}
