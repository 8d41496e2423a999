import { Inject, Injectable } from '@nestjs/common';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { TallyCounter, TallyHistogram } from './tallies.js';
import { TELEMETRY_OPTIONS, type TelemetryOptions } from './telemetry.options.js';

/** Seconds, from a store's round trip on loopback to a wait that a player gives up on. */
const SHORT_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
/** Fine enough to see a lag that players feel; each look wakes an idle process up, and three watch (two of `EventLoopLag`, prom-client's). */
export const LAG_RESOLUTION_MS = 20;
const PAUSE_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60];

/** Every metric of the fleet, made once, with its labels in its type. A server that has nothing to say on one leaves it be. */
@Injectable()
export class Metrics {
  readonly registry = new Registry();

  readonly servers = this.gauge('holdfast_servers', 'Servers of the fleet, as this server sees them.', ['type', 'state']);
  readonly sessions = this.gauge('holdfast_sessions', 'Sessions whose connection is on this gateway.');
  readonly connections = this.gauge('holdfast_connections', 'Open player connections.', ['transport']);
  readonly goodbyes = this.counter('holdfast_goodbyes_total', 'Player connections that this gateway ended, by what they were told.', [
    'code',
  ]);
  readonly rooms = this.gauge('holdfast_rooms', 'Rooms owned by this server.', ['game', 'state']);

  readonly healthChecks = this.counter('holdfast_health_checks_total', 'Health checks judged by this gateway.', ['result']);
  readonly healthRoundsVoid = this.counter('holdfast_health_rounds_void_total', 'Times this gateway did not trust its own checks.', [
    'reason',
  ]);
  readonly evictions = this.counter('holdfast_evictions_total', 'Servers declared dead.', ['type', 'reason']);
  readonly evictionsHeld = this.counter('holdfast_evictions_held_total', 'Verdicts that were not acted on at once.', ['reason']);

  readonly placements = this.counter('holdfast_placements_total', 'Choices of a server for a room.', ['result']);
  readonly placementSeconds = this.histogram('holdfast_placement_seconds', 'Time to choose a server for a room.', SHORT_SECONDS);
  readonly effectsOverdue = this.gauge('holdfast_effects_overdue', 'Handlers of effects that run for longer than EFFECT_WARN_MS.', [
    'game',
  ]);
  readonly freeSlots = this.gauge('holdfast_free_slots', 'Rooms that the game servers could still take.');
  readonly wantedGameServers = this.gauge('holdfast_wanted_game_servers', 'Game servers the fleet would like to have.');

  readonly commands = this.tallies('holdfast_commands_total', 'Commands of players.', ['game', 'result']);
  readonly commandAckSeconds = new TallyHistogram({
    name: 'holdfast_command_ack_seconds',
    help: 'From a command at its room to its durable acknowledgement.',
    buckets: SHORT_SECONDS,
    registry: this.registry,
  });
  readonly roomPauseSeconds = this.histogram('holdfast_room_pause_seconds', 'How long players of a room had to wait.', PAUSE_SECONDS, [
    'cause',
  ]);
  readonly roomsRecovered = this.counter('holdfast_rooms_recovered_total', 'Rooms taken over from a server that was lost.');
  readonly resyncs = this.counter(
    'holdfast_resyncs_total',
    'Times a session wanted the whole state of a game again within a minute: its client cannot read what it is sent, or forgets it.',
  );
  readonly roomsMigrated = this.counter('holdfast_rooms_migrated_total', 'Rooms moved by plan.');

  readonly relayFrames = this.tallies('holdfast_relay_frames_total', 'Game frames relayed between players and rooms.', ['direction']);
  readonly backlogBytes = this.gauge('holdfast_backlog_bytes', 'Bytes that a gateway holds for those who have not read them.', ['where']);
  readonly backpressure = this.counter('holdfast_backpressure_total', 'Times a reader could not keep up.', ['where']);
  readonly eventLoopLagSeconds = this.gauge(
    'holdfast_event_loop_lag_seconds',
    'Lateness of the event loop, 99th percentile since the last scrape.',
  );

  readonly clockOffsetSeconds = this.gauge(
    'holdfast_clock_offset_seconds',
    "By how much this server's wall clock is ahead of the store's; negative: behind.",
  );
  readonly storeAvailable = this.gauge('holdfast_store_available', 'Whether the store can be used, as this server finds: 1 or 0.');
  readonly logLinesDropped = this.tallies(
    'holdfast_log_lines_dropped_total',
    'Lines that could not be written: the disk was full, or nobody read.',
    ['stream'],
  );

  constructor(@Inject(TELEMETRY_OPTIONS) { server }: TelemetryOptions) {
    this.registry.setDefaultLabels({ server });
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: LAG_RESOLUTION_MS });
  }

  private counter<Label extends string = never>(name: string, help: string, labelNames: readonly Label[] = []): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  private tallies<Label extends string>(name: string, help: string, labelNames: readonly Label[]): TallyCounter<Label> {
    return new TallyCounter({ name, help, labelNames, registry: this.registry });
  }

  private gauge<Label extends string = never>(name: string, help: string, labelNames: readonly Label[] = []): Gauge<Label> {
    return new Gauge({ name, help, labelNames, registers: [this.registry] });
  }

  private histogram<Label extends string = never>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: readonly Label[] = [],
  ): Histogram<Label> {
    return new Histogram({ name, help, buckets, labelNames, registers: [this.registry] });
  }
}
