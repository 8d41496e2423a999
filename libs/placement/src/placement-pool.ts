import { Injectable } from '@nestjs/common';
import type { ServerId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { SERVERS_KEY, serverOfKey } from './placement-keys.js';
import { dropReason } from './scripts/readmit.js';
import { buryIncarnation } from './scripts/remove.js';
import { addReason } from './scripts/withhold.js';

/** Longer than any process sleeps and wakes as if nothing had been: after that its name is free of its past. */
const REMOVED_KEPT_MS = 30 * 24 * 3_600_000;

/** Why a server is not offered. Your own are welcome: one word each. */
export type WithholdReason = 'suspect' | 'unheard' | 'cordoned' | 'draining' | (string & {});

export interface PooledServer {
  readonly server: ServerId;
  /** Null: spoken of, but it has not reported yet. */
  readonly incarnation: number | null;
  readonly rooms: number;
  readonly players: number;
  readonly capacity: number;
  /** Rooms given to it that it has not taken yet. */
  readonly reserved: number;
  /** Its place in the strategy's order. */
  readonly score: number;
  readonly withheld: readonly WithholdReason[];
  /** Whether the next room may be given to it. */
  readonly willing: boolean;
}

/**
 * Which servers are offered at all. A server is willing while it has no reason to be withheld and is not full. Reasons
 * are a set, held by whoever gave them: each takes back its own. All of this may be repeated.
 *
 * What is said of one incarnation ends with it: its successor starts with no reasons. Name the `incarnation` where the
 * word may come late, or before the first report.
 */
@Injectable()
export class PlacementPool {
  constructor(private readonly redis: RedisConnections) {}

  /** False: the incarnation it was about is no more. */
  async withhold(server: ServerId, reason: WithholdReason, incarnation?: number): Promise<boolean> {
    return addReason(this.redis.commands, server, oneWord(reason), incarnation);
  }

  /** True: no reason is left. */
  async readmit(server: ServerId, reason: WithholdReason, incarnation?: number): Promise<boolean> {
    return (await dropReason(this.redis.commands, server, oneWord(reason), incarnation)) === 0;
  }

  /** Takes an incarnation out for ever, with the reservations on it. True if it was the one on record. */
  async remove(server: ServerId, incarnation: number): Promise<boolean> {
    return buryIncarnation(this.redis.commands, server, incarnation, REMOVED_KEPT_MS);
  }

  /** Every server that placement knows, by name. */
  async status(): Promise<readonly PooledServer[]> {
    const client = this.redis.commands;
    const keys = (await client.smembers(SERVERS_KEY)).sort();
    if (keys.length === 0) return [];
    const pipeline = client.pipeline();
    for (const key of keys) pipeline.hgetall(key);
    const answers = (await pipeline.exec()) ?? [];
    return answers.flatMap(([error, record], index) => {
      if (error) throw error;
      return pooledServer(serverOfKey(keys[index]), record as Record<string, string>) ?? [];
    });
  }
}

function pooledServer(server: ServerId, record: Record<string, string>): PooledServer | null {
  if (record.withheld === undefined) return null;
  const count = (field: string): number => Number(record[field] ?? 0);
  const withheld = record.withheld.split(' ').filter((reason) => reason !== '');
  const [rooms, reserved, capacity] = [count('rooms'), count('reserved'), count('capacity')];
  return {
    server,
    incarnation: record.incarnation === undefined ? null : Number(record.incarnation),
    rooms,
    players: count('players'),
    capacity,
    reserved,
    score: count('standing') + count('handicap') + count('weight'),
    withheld,
    willing: withheld.length === 0 && rooms + reserved < capacity,
  };
}

function oneWord(reason: string): string {
  if (!/^\S{1,64}$/.test(reason)) throw new Error(`a reason is one word of at most 64 characters, not ${JSON.stringify(reason)}`);
  return reason;
}
