import { Inject, Injectable } from '@nestjs/common';
import { sleep } from '#libs/async';
import { EventSink, FleetEvents, Self, ServerDirectory, type ServerRecord } from '#libs/fleet';
import type { ServerId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { Log } from '#libs/telemetry';
import { StoreProbe } from '../evidence/store-probe.js';
import { CHECK_OPTIONS, type CheckOptions, TICK_MS } from '../health.options.js';
import { checkServers } from '../scripts/check.js';
import { markServer } from '../scripts/mark.js';

/**
 * Checks gateways whose votes are missing. Gateways check each other. When a gateway dies together with its checker, no gateway checks it,
 * and its vote stays missing. So a gateway that waits for a vote checks the voter itself. A voter that does not answer within an interval
 * becomes suspect, and the votes of suspects do not count (`votingGateways`). Another gateway then checks the suspect and evicts it.
 */
@Injectable()
export class VoterProbe {
  private readonly probed = new Set<ServerId>();

  constructor(
    @Inject(CHECK_OPTIONS) private readonly options: CheckOptions,
    private readonly self: Self,
    private readonly redis: RedisConnections,
    private readonly directory: ServerDirectory,
    private readonly events: FleetEvents,
    private readonly store: StoreProbe,
    private readonly sink: EventSink,
    private readonly log: Log,
  ) {}

  /** Starts to check the voters. Never throws. When Redis does not answer, no voter becomes suspect. */
  probe(voters: readonly ServerId[]): void {
    for (const id of voters) {
      const voter = this.directory.get(id);
      if (!voter || voter.state === 'dead' || id === this.self.id || this.probed.has(id)) continue;
      this.probed.add(id);
      void this.probeVoter(voter)
        .catch((error: unknown) => this.log.debug('health.voter-not-asked', { target: id, error }))
        .finally(() => this.probed.delete(id));
    }
  }

  private async probeVoter({ id, incarnation }: ServerRecord): Promise<void> {
    const { intervalMs } = this.options;
    const from = performance.now();
    await checkServers(this.redis.commands, [id]);
    for (let isOver = false; ; ) {
      const [now, check] = await this.redis.commands.hmget(id, 'incarnation', 'check');
      if (now !== String(incarnation) || check !== 'testing') return;
      // After the time limit, reads the record once more, because this process may have been suspended during the wait.
      if (isOver) break;
      isOver = performance.now() - from >= intervalMs;
      await sleep(TICK_MS);
    }
    if (await this.store.check(intervalMs)) return;
    if (!(await markServer(this.redis.commands, id, incarnation, { suspect: 1, unheard: false }))) return;
    this.log.warn('voter.suspect', { target: id, incarnation, reason: 'vote-missing' });
    this.sink.publish({ kind: 'server.suspect', server: id, incarnation, reason: 'vote-missing' });
    await this.events.publish({ kind: 'state', server: id, incarnation, reason: 'suspect' });
  }
}
