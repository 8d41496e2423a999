import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ExtensionExplorer } from '#libs/extension';
import { EventSink, FleetEvents, type ServerRecord } from '#libs/fleet';
import { RedisConnections } from '#libs/redis';
import { Log } from '#libs/telemetry';
import { type Eligibility, EligibilityListener } from '../ports.js';
import { markServer } from '../scripts/mark.js';
import { SelfCheck } from './self-check.js';

const EVENT_REASONS = {
  suspect: 'check-missed',
  unheard: 'answers-its-link-only',
  heard: 'answered',
} as const;

/** Writes into a server's record whether it is suspect or unheard. Notifies listeners, the fleet and operators of a change. */
@Injectable()
export class EligibilityMarks implements OnModuleInit {
  private listeners: readonly EligibilityListener[] = [];

  constructor(
    private readonly ports: ExtensionExplorer,
    private readonly redis: RedisConnections,
    private readonly events: FleetEvents,
    private readonly self: SelfCheck,
    private readonly sink: EventSink,
    private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.listeners = this.ports.all(EligibilityListener);
  }

  /** @param silentMs longest possible time in ms for which the server has been silent */
  mark(server: ServerRecord, before: Eligibility, after: Eligibility, silentMs: number): void {
    void this.write(server, before, after, silentMs).catch(() => this.self.distrust('store-unreachable'));
  }

  private async write(server: ServerRecord, before: Eligibility, after: Eligibility, silentMs: number): Promise<void> {
    const { id, incarnation } = server;
    const isChange = before.suspect > 0 !== after.suspect > 0 || before.unheard !== after.unheard;
    const isMarked = await markServer(this.redis.commands, id, incarnation, after);
    if (!isMarked || !isChange) return;
    if (after.suspect === 0) this.log.info('server.heard', { target: id, incarnation });
    for (const listener of this.listeners) void Promise.resolve(listener.changed(server, after)).catch(() => {});
    const event = after.unheard ? 'unheard' : after.suspect > 0 ? 'suspect' : 'heard';
    const detail = { misses: after.suspect, ...(event === 'suspect' && { silentMs: Math.round(silentMs) }) };
    this.sink.publish({ kind: `server.${event}`, server: id, incarnation, reason: EVENT_REASONS[event], detail });
    await this.events.publish({ kind: 'state', server: id, incarnation, reason: event });
  }
}
