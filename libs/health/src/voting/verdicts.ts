import { Inject, Injectable } from '@nestjs/common';
import { FleetEvents, hasLeft, Self, ServerDirectory, type ServerRecord } from '#libs/fleet';
import { RedisConnections } from '#libs/redis';
import { CHECK_OPTIONS, type CheckOptions } from '../health.options.js';
import type { EvictionReason } from '../ports.js';
import { Eviction } from './eviction.js';
import { EvictionHolds } from './eviction-holds.js';
import { VoterProbe } from './voter-probe.js';
import { votingGateways } from './voting-gateways.js';

/**
 * `over`: the incarnation is dead, has left, or has a successor. `open`: votes are missing, or the settings forbid evictions. `acquitted`:
 * the server has answered a check before the eviction.
 */
export type VerdictOutcome = 'over' | 'open' | 'acquitted';

/** Votes for the eviction of a server, and requests the votes of the other gateways. */
@Injectable()
export class Verdicts {
  constructor(
    @Inject(CHECK_OPTIONS) private readonly options: CheckOptions,
    private readonly self: Self,
    private readonly redis: RedisConnections,
    private readonly directory: ServerDirectory,
    private readonly events: FleetEvents,
    private readonly eviction: Eviction,
    private readonly holds: EvictionHolds,
    private readonly voterProbe: VoterProbe,
  ) {}

  /**
   * Votes for the eviction of a server. Repeat the call while the outcome is `open`, and after a rejection. The promise rejects when Redis
   * does not answer.
   */
  async condemn(server: ServerRecord, reason: EvictionReason): Promise<VerdictOutcome> {
    if (this.options.dryRun) {
      this.holds.report(server, 'dry-run', { reason });
      return 'open';
    }
    // A server that left the fleet by itself must not be evicted, although it has no record and no open port.
    if (await hasLeft(this.redis.commands, server.id, server.incarnation)) return 'over';
    const gateways = votingGateways(this.directory.all()).map(({ id }) => id);
    const voters = gateways.includes(this.self.id) ? gateways : [...gateways, this.self.id];
    const answer = await this.eviction.vote(server, reason, voters);
    switch (answer.kind) {
      case 'evicted':
      case 'dead':
      case 'other':
        return 'over';
      case 'answered':
        return 'acquitted';
      case 'unheard':
        return 'open';
      case 'voted':
        this.holds.reportMissingVotes(server, { reason, votes: answer.votes, of: voters.length });
        await this.events.publish({ kind: 'vote', server: server.id, incarnation: server.incarnation, reason });
        this.voterProbe.probe(voters.filter((voter) => voter !== server.id));
        return 'open';
      default:
        return answer satisfies never;
    }
  }
}
