import { Injectable } from '@nestjs/common';
import { EventSink, SERVERS_KEY, Self, type ServerRecord } from '#libs/fleet';
import type { ServerId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { Log, Metrics } from '#libs/telemetry';
import { ServerCleanups } from '../cleanup/server-cleanups.js';
import type { EvictionReason } from '../ports.js';
import { type VoteAnswer, voteToEvict } from '../scripts/evict.js';

/**
 * Makes an incarnation dead, for ever, whoever says so and however many say it: one script compares, counts the votes
 * and marks. The one caller whose vote was the last one needed sees to the server's end.
 */
@Injectable()
export class Eviction {
  constructor(
    private readonly self: Self,
    private readonly redis: RedisConnections,
    private readonly cleanups: ServerCleanups,
    private readonly sink: EventSink,
    private readonly metrics: Metrics,
    private readonly log: Log,
  ) {}

  /** Without votes, for an operator's word. True: this call made it dead, and nobody else's did. Rejects when the store is away. */
  async evict(server: ServerRecord, reason: EvictionReason): Promise<boolean> {
    const answer = await this.vote(server, reason, []);
    return answer.kind === 'evicted';
  }

  /** A vote among these gateways, this one included: a majority of them evicts. */
  async vote(server: ServerRecord, reason: EvictionReason, gateways: readonly ServerId[]): Promise<VoteAnswer> {
    const voters = gateways.filter((gateway) => gateway !== server.id);
    const needed = voters.length === 0 ? 0 : Math.floor(voters.length / 2) + 1;
    const answer = await voteToEvict(this.redis.commands, { server, reason, voter: this.self.id, voters, needed });
    if (answer.kind === 'evicted') {
      this.metrics.evictions.inc({ type: server.type, reason });
      this.log.warn('server.evicted', {
        target: server.id,
        incarnation: server.incarnation,
        reason,
        votes: answer.votes,
        of: voters.length,
      });
      const { id, incarnation } = server;
      this.sink.publish({ kind: 'server.evicted', server: id, incarnation, reason, detail: { votes: answer.votes, of: voters.length } });
      // A registry that was lost may not list it; the end of a server that nobody lists would be overlooked.
      await this.redis.commands.sadd(SERVERS_KEY, server.id).catch(() => {});
      void this.cleanups.run(server, reason);
    }
    return answer;
  }
}
