import { fleetChannel, type ServerRecord } from '#libs/fleet';
import type { ServerId } from '#libs/protocol';
import { LuaScript, type RedisClient } from '#libs/redis';
import { DEAD_RECORD_MS, VOTE_MS } from '../health.options.js';
import type { EvictionReason } from '../ports.js';

const EVICT = new LuaScript('health_evict', new URL('./evict.lua', import.meta.url), 1);

export interface Vote {
  readonly server: ServerRecord;
  readonly reason: EvictionReason;
  readonly voter: ServerId;
  /** The gateways whose votes count. */
  readonly voters: readonly ServerId[];
  /** The number of votes that an eviction needs. */
  readonly needed: number;
}

export type VoteAnswer =
  /** This vote completed the eviction. Exactly one call for each eviction gets this answer. */
  | { readonly kind: 'evicted'; readonly votes: number }
  | { readonly kind: 'voted'; readonly votes: number }
  | { readonly kind: 'dead' | 'other' | 'answered' | 'unheard' };

/**
 * For each reason, the state that the server's last check must have at the moment of the vote. A server that has answered is not evicted as
 * `silent`. A server that does not answer is not evicted as `unreachable`, because its checker judges it.
 */
const REQUIRED_CHECK: Partial<Record<EvictionReason, 'testing' | 'update'>> = {
  silent: 'testing',
  'store-lost': 'testing',
  unreachable: 'update',
};

export async function voteToEvict(client: RedisClient, { server, reason, voter, voters, needed }: Vote): Promise<VoteAnswer> {
  const { id, type, name, incarnation, linkHost, linkPort, opsHost, opsPort, startedAt, registeredAt, build, games } = server;
  const record = {
    type,
    name,
    linkHost,
    linkPort,
    opsHost,
    opsPort,
    startedAt,
    registeredAt,
    build,
    games: JSON.stringify(games),
    state: 'ready',
    check: 'testing',
  };
  const [kind, votes] = (await EVICT.run(
    client,
    [id],
    [
      incarnation,
      reason,
      voter,
      needed,
      VOTE_MS,
      DEAD_RECORD_MS,
      fleetChannel(),
      REQUIRED_CHECK[reason] ?? '',
      voters.length,
      ...voters,
      ...Object.entries(record).flat(),
    ],
  )) as [VoteAnswer['kind'], number];
  return { kind, votes } as VoteAnswer;
}
