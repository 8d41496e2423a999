import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { EventSink, ServerDirectory, type ServerRecord } from '#libs/fleet';
import { Log, Metrics } from '#libs/telemetry';
import { CHECK_OPTIONS, type CheckOptions } from '../health.options.js';
import { incarnationKey } from '../incarnation-key.js';

/**
 * The reason why no eviction follows from a verdict. `unheard`: the server answers on its link. `many`: too many servers fail at once.
 * `votes`: votes of other gateways are missing. `dry-run`: the settings forbid evictions.
 */
export type HoldReason = 'unheard' | 'many' | 'votes' | 'dry-run';

/** Reports verdicts that lead to no eviction, once for each incarnation and reason. */
@Injectable()
export class EvictionHolds implements OnModuleInit {
  /** For each incarnation, the reasons that were already reported. */
  private readonly reported = new Map<string, Set<HoldReason>>();
  /** For each incarnation, the time since which votes are missing. */
  private readonly votesMissingSince = new Map<string, number>();

  constructor(
    @Inject(CHECK_OPTIONS) private readonly options: CheckOptions,
    private readonly directory: ServerDirectory,
    private readonly sink: EventSink,
    private readonly metrics: Metrics,
    private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.directory.onChange(({ kind, server, before }) => {
      if (kind !== 'changed') this.clear(before ?? server);
    });
  }

  report(server: ServerRecord, reason: HoldReason, fields: Readonly<Record<string, unknown>> = {}): void {
    const reported = this.reported.get(incarnationKey(server)) ?? new Set();
    if (reported.has(reason)) return;
    this.reported.set(incarnationKey(server), reported.add(reason));
    this.metrics.evictionsHeld.inc({ reason });
    this.sink.publish({ kind: 'eviction.held', server: server.id, incarnation: server.incarnation, reason, detail: fields });
    this.log.warn('eviction.held', { target: server.id, incarnation: server.incarnation, held: reason, ...fields });
  }

  /** Reports missing votes only after one check interval, because normally all votes arrive within this time. */
  reportMissingVotes(server: ServerRecord, fields: Readonly<Record<string, unknown>>): void {
    const now = performance.now();
    const since = this.votesMissingSince.get(incarnationKey(server)) ?? now;
    this.votesMissingSince.set(incarnationKey(server), since);
    if (now - since >= this.options.intervalMs) this.report(server, 'votes', fields);
  }

  /** Forgets the reports about this incarnation, so that a later held eviction is reported again. */
  clear(server: ServerRecord): void {
    this.reported.delete(incarnationKey(server));
    this.votesMissingSince.delete(incarnationKey(server));
  }
}
