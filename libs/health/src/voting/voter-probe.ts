import { Inject, Injectable } from '@nestjs/common';
import { EventSink, FleetEvents, Self, ServerDirectory, type ServerRecord } from '#libs/fleet';
import type { ServerId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { Log } from '#libs/telemetry';
import { StoreProbe } from '../evidence/store-probe.js';
import { CHECK_OPTIONS, type CheckOptions, TICK_MS } from '../health.options.js';
import { checkServers } from '../scripts/check.js';
import { markServer } from '../scripts/mark.js';

/**
 * Gateways whose votes do not come. They check each other, so several that die at once would leave nobody to miss
 * them, and a majority of them no majority: whoever waits for a vote asks the voter whether it is there. Silence for an
 * interval is a miss, and a suspect is no judge (`judges`); its checker, a living one from now on, does the rest.
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

  /** Never rejects: a store that is away says nothing about anybody. */
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
      // Looked at once more after the time is over: this process may have been away itself.
      if (isOver) break;
      isOver = performance.now() - from >= intervalMs;
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
    if (await this.store.check(intervalMs)) return;
    if (!(await markServer(this.redis.commands, id, incarnation, { suspect: 1, unheard: false }))) return;
    this.log.warn('server.suspect', { target: id, incarnation, reason: 'vote-missing' });
    this.sink.publish({ kind: 'server.suspect', server: id, incarnation, reason: 'vote-missing' });
    await this.events.publish({ kind: 'state', server: id, incarnation, reason: 'suspect' });
  }
}
