import type { ServerId } from '#libs/protocol';
import { LuaScript, type RedisClient } from '#libs/redis';

const CHECK = new LuaScript('health_check', new URL('./check.lua', import.meta.url), 1);

/** The fields of a server's record that a check reads. */
export interface CheckedRecord {
  readonly incarnation: number;
  readonly state: string;
  readonly answered: boolean;
  readonly lagMs: number;
  readonly suspect: number;
  readonly unheard: boolean;
  readonly ageMs: number;
}

/** Returns the records in the order of `ids`. Null: the server has no record. Rejects when Redis has not answered for all `ids`. */
export async function checkServers(client: RedisClient, ids: readonly ServerId[]): Promise<(CheckedRecord | null)[]> {
  if (client.isCluster) return Promise.all(ids.map(async (id) => toCheckedRecord(await CHECK.run(client, [id], []))));
  const pipeline = client.pipeline();
  for (const id of ids) CHECK.queue(client, pipeline, [id], []);
  const answers = (await pipeline.exec()) ?? [];
  if (answers.length !== ids.length) throw new Error('the pipeline was cut');
  return answers.map(([error, answer]) => {
    if (error) throw error;
    return toCheckedRecord(answer);
  });
}

function toCheckedRecord(answer: unknown): CheckedRecord | null {
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
