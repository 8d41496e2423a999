import { Injectable } from '@nestjs/common';
import { ServerDirectory, type ServerRecord } from '#libs/fleet';
import type { ServerId } from '#libs/protocol';
import { RedisConnections, StoreClock } from '#libs/redis';
import { VOTE_MS } from '../health.options.js';
import { checkerOf } from '../monitor/checker-choice.js';
import { votingGateways } from '../voting/voting-gateways.js';

/** The reports of gateways about one server. */
export interface ServerEvidence {
  /** The gateway that checks the server. Null: there is no gateway besides the server itself. */
  readonly checker: ServerId | null;
  /** Gateways that vote for the eviction of the server. */
  readonly votes: readonly ServerId[];
  /** Gateways that reported lately that they cannot reach the server by link. */
  readonly unreachedBy: readonly ServerId[];
}

/** Reads which gateway checks a server, and what other gateways have reported about it, for operators. */
@Injectable()
export class HealthEvidence {
  constructor(
    private readonly redis: RedisConnections,
    private readonly directory: ServerDirectory,
    private readonly clock: StoreClock,
  ) {}

  async read({ id, state }: ServerRecord): Promise<ServerEvidence> {
    const fields = Object.entries(await this.redis.commands.hgetall(id));
    const recent = (prefix: string): ServerId[] =>
      fields.flatMap(([field, at]) =>
        field.startsWith(prefix) && this.clock.storeTime() - Number(at) < VOTE_MS ? (field.slice(prefix.length) as ServerId) : [],
      );
    const gateways = votingGateways(this.directory.all()).map((gateway) => gateway.id);
    return { checker: state === 'dead' ? null : checkerOf(id, gateways), votes: recent('vote:'), unreachedBy: recent('unreached:') };
  }
}
