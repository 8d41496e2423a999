import type { ServerId } from '#libs/protocol';
import { LuaScript, type RedisClient } from '#libs/redis';

const ASK = new LuaScript('health_ask', new URL('./ask.lua', import.meta.url), 1);

/** A server's record as its checker sees it. */
export interface Asked {
  readonly incarnation: number;
  readonly state: string;
  readonly answered: boolean;
  readonly lagMs: number;
  readonly suspect: number;
  readonly unheard: boolean;
  readonly ageMs: number;
}

/** In the order of `ids`; null: no record. Rejects when any answer is missing: then none is to be trusted. */
export async function askServers(client: RedisClient, ids: readonly ServerId[]): Promise<(Asked | null)[]> {
  if (client.isCluster) return Promise.all(ids.map(async (id) => toAsked(await ASK.run(client, [id], []))));
  const pipeline = client.pipeline();
  for (const id of ids) ASK.queue(client, pipeline, [id], []);
  const answers = (await pipeline.exec()) ?? [];
  if (answers.length !== ids.length) throw new Error('the pipeline was cut');
  return answers.map(([error, answer]) => {
    if (error) throw error;
    return toAsked(answer);
  });
}

function toAsked(answer: unknown): Asked | null {
  if (answer === null) return null;
  const [incarnation, state, check, lagMs, suspect, unheard, ageMs] = answer as (string | null)[];
  return {
    incarnation: Number(incarnation),
    state: state ?? '',
    answered: check !== 'testing',
    lagMs: Number(lagMs ?? 0),
    suspect: Number(suspect ?? 0),
    unheard: unheard === '1',
    ageMs: Number(ageMs),
  };
}
