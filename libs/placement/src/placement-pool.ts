import { Injectable } from '@nestjs/common';
import type { ServerId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { serverOfKey, serversKey } from './placement-keys.js';
import { dropReason } from './scripts/readmit.js';
import { buryIncarnation } from './scripts/remove.js';
import { addReason } from './scripts/withhold.js';

/** Time for which Redis stores that an incarnation was removed, in ms. The time is longer than any suspension that a process survives. */
const REMOVED_KEPT_MS = 30 * 24 * 3_600_000;

/** A reason to withhold a server. A caller may also pass a reason that is not in this list. */
export type WithholdReason = 'suspect' | 'unheard' | 'cordoned' | 'draining' | (string & {});

export interface PooledServer {
  readonly server: ServerId;
  /** Null: the server has not reported yet. */
  readonly incarnation: number | null;
  readonly rooms: number;
  readonly players: number;
  readonly capacity: number;
  /** Number of reservations for rooms that the server has not opened yet. */
  readonly reserved: number;
  /**
   * The number by which the servers are ordered: the strategy's score, plus the weight of the reservations, plus the amount that the ramp
   * adds for a new server.
   */
  readonly score: number;
  readonly withheld: readonly WithholdReason[];
  /** True: the next room may be placed on the server. */
  readonly isEligible: boolean;
}

/**
 * Controls which servers are eligible. A server is eligible while no reason withholds it and it is not full. A server may have several
 * reasons at once, and each caller adds and removes only its own reason. All methods are idempotent.
 *
 * Reasons belong to one incarnation: the next incarnation starts without reasons. Pass `incarnation` if the call can arrive before the
 * first report of this incarnation, or after the first report of a later one.
 */
@Injectable()
export class PlacementPool {
  constructor(private readonly redis: RedisConnections) {}

  /** Adds a reason that withholds the server. Returns false when the incarnation no longer exists. */
  async withhold(server: ServerId, reason: WithholdReason, incarnation?: number): Promise<boolean> {
    return addReason(this.redis.commands, server, checkedReason(reason), incarnation);
  }

  /** Removes a reason that withholds the server. Returns true when no reason is left, else false: other reasons withhold the server. */
  async readmit(server: ServerId, reason: WithholdReason, incarnation?: number): Promise<boolean> {
    return (await dropReason(this.redis.commands, server, checkedReason(reason), incarnation)) === 0;
  }

  /** Removes an incarnation permanently, so that its reservations become invalid. Returns whether it was the current incarnation. */
  async remove(server: ServerId, incarnation: number): Promise<boolean> {
    return buryIncarnation(this.redis.commands, server, incarnation, REMOVED_KEPT_MS);
  }

  /** Returns all servers with a record in placement, sorted by name. */
  async status(): Promise<readonly PooledServer[]> {
    const client = this.redis.commands;
    const keys = (await client.smembers(serversKey())).sort();
    if (keys.length === 0) return [];
    const pipeline = client.pipeline();
    for (const key of keys) pipeline.hgetall(key);
    const answers = (await pipeline.exec()) ?? [];
    return answers.flatMap(([error, record], index) => {
      if (error) throw error;
      return pooledServer(serverOfKey(keys[index]!), record as Record<string, string>) ?? [];
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
    isEligible: withheld.length === 0 && rooms + reserved < capacity,
  };
}

function checkedReason(reason: string): string {
  if (!/^\S{1,64}$/.test(reason)) throw new Error(`a reason must be one word of at most 64 characters, not ${JSON.stringify(reason)}`);
  return reason;
}
