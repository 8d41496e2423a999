import type { ServerId } from '#libs/protocol';
import { LuaScript, type RedisClient } from '#libs/redis';

const ANSWER = new LuaScript('health_answer', new URL('./answer.lua', import.meta.url), 1);

export type AnswerTaken = 'ok' | 'gone' | 'other' | 'dead';

export async function answerCheck(client: RedisClient, id: ServerId, incarnation: number, facts: object): Promise<AnswerTaken> {
  return (await ANSWER.run(client, [id], [incarnation, ...Object.entries(facts).flat()])) as AnswerTaken;
}
