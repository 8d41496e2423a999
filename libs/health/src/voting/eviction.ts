import { Injectable } from '@nestjs/common';
import { EventSink, Self, type ServerRecord, serversKey } from '#libs/fleet';
import type { ServerId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { Log, Metrics } from '#libs/telemetry';
import { ServerCleanups } from '../cleanup/server-cleanups.js';
import type { EvictionReason } from '../ports.js';
import { type VoteAnswer, voteToEvict } from '../scripts/evict.js';

/**
 * Evicts incarnations. One script compares the incarnation, counts the votes and marks the record as dead. Exactly one caller learns that
 * its vote completed the eviction, and starts the cleanup. A dead incarnation never becomes alive again.
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

  /**
   * Evicts a server without votes, for an operator. Returns true when this call evicted the server. Returns false when the server was
   * already dead, or has a newer incarnation. Rejects when Redis does not answer.
   */
  async evict(server: ServerRecord, reason: EvictionReason): Promise<boolean> {
    const answer = await this.vote(server, reason, []);
    return answer.kind === 'evicted';
  }

  /**
   * Adds the vote of this gateway, which is one of `gateways`. A majority of `gateways` evicts the server. If `gateways` is empty, this
   * call alone evicts the server.
   */
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
      // Adds the server to the registry again, because the store may have lost the entry. Without the entry, no other gateway could take
      // over the cleanup.
      await this.redis.commands.sadd(serversKey(), server.id).catch(() => {});
      void this.cleanups.run(server, reason);
    }
    return answer;
  }
}
