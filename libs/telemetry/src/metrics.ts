import { Inject, Injectable } from '@nestjs/common';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { ERROR_CODES, SERVER_TYPES, type ServerType } from '#libs/protocol';
import { HOLDFAST_VERSION } from './holdfast-version.js';
import { LabelledCounter, type LabelValues } from './labelled-counter.js';
import { TallyCounter, TallyHistogram } from './tallies.js';
import { TELEMETRY_OPTIONS, type TelemetryOptions } from './telemetry.options.js';

/** Buckets in seconds, from a round trip to Redis on loopback to an outage of Redis. */
const SHORT_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/**
 * Precision of prom-client's own measurement of the event loop, in ms. The value is large, so that the measurement rarely wakes an idle
 * process. The metrics of this measurement are not exported, because each scrape resets them.
 */
const UNUSED_LAG_PRECISION_MS = 86_400_000;
/**
 * The metrics of prom-client that each scrape resets. They are not exported, because each of two Prometheus servers would see only a part
 * of the values.
 */
const RESET_BY_SCRAPES = ['', '_min', '_max', '_mean', '_stddev', '_p50', '_p90', '_p99'].map(
  (part) => `nodejs_eventloop_lag${part}_seconds`,
);
/** Buckets in seconds. They are narrow around 3 ms, a lag that players do not notice at 20 steps a second. */
const STEP_LAG_SECONDS = [0.0005, 0.001, 0.0015, 0.002, 0.0025, 0.003, 0.004, 0.005, 0.0075, 0.01, 0.025, 0.05, 0.1, 0.25];
/** Buckets in seconds, from an immediate match to the longest search. */
const WAIT_SECONDS = [0.01, 0.1, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600];
/** Buckets in seconds, from the duration of a migration to the time limit after which a game without a server ends. */
const PAUSE_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 900];

/**
 * Every metric of the fleet, created once, with its labels in its type. A server does not export a gauge that it has never set. Its
 * counters with labels begin at 0 if they apply to its type.
 */
@Injectable()
export class Metrics {
  readonly registry = new Registry();
  /** For each type of server: the counters that begin at 0. */
  private readonly begun: Readonly<Record<ServerType, (() => void)[]>> = { gateway: [], lobby: [], game: [] };

  readonly servers = this.gauge('holdfast_servers', 'Number of servers in the fleet, as this server sees them.', ['type', 'state']);
  readonly buildInfo = this.gauge('holdfast_build_info', 'Always 1; the labels say what runs.', ['type', 'version', 'build', 'node']);
  readonly capacity = this.gauge('holdfast_capacity', 'Maximum number of rooms of this game server, or of connections of this gateway.');
  readonly sessions = this.gauge('holdfast_sessions', 'Number of sessions connected to this gateway.');
  readonly connections = this.gauge('holdfast_connections', 'Number of open player connections.', ['transport']);
  readonly goodbyes = this.labelled(
    'holdfast_goodbyes_total',
    'Player connections that this gateway closed, by the code of the goodbye.',
    ['gateway'],
    { code: [...ERROR_CODES, 'bye'] },
  );
  readonly logins = this.labelled('holdfast_logins_total', 'Logins and resumes of players, by their result.', ['gateway'], {
    result: ['login', 'resume', 'refused', 'unavailable', 'failed'],
  });
  readonly lobbyRequests = this.labelled('holdfast_lobby_requests_total', 'Requests of players to lobbies.', ['gateway'], {
    result: ['answered', 'refused', 'unavailable', 'failed'],
  });
  readonly lobbyRequestSeconds = this.histogram(
    'holdfast_lobby_request_seconds',
    'Time from a request of a player at its gateway to the answer of a lobby, including repetitions.',
    SHORT_SECONDS,
  );
  readonly rooms = this.gauge('holdfast_rooms', 'Number of rooms owned by this server.', ['game', 'state']);

  readonly healthChecks = this.labelled('holdfast_health_checks_total', 'Health checks made by this gateway.', ['gateway'], {
    result: ['healthy', 'missed', 'held', 'condemned', 'void'],
  });
  readonly healthRoundsVoid = this.labelled(
    'holdfast_health_rounds_void_total',
    'Rounds of health checks that this gateway ignored because it did not trust its own measurements.',
    ['gateway'],
    { reason: ['no-echo', 'store-unreachable', 'store-slow', 'store-restarted', 'loop-late', 'grace', 'first'] },
  );
  readonly evictions = this.labelled('holdfast_evictions_total', 'Servers declared dead.', ['gateway'], {
    type: SERVER_TYPES,
    reason: ['refused', 'silent', 'unreachable', 'store-lost', 'left', 'operator'],
  });
  readonly evictionsHeld = this.labelled('holdfast_evictions_held_total', 'Evictions that were delayed or suppressed.', ['gateway'], {
    reason: ['unheard', 'many', 'votes', 'dry-run'],
  });

  readonly placements = this.labelled('holdfast_placements_total', 'Requests to choose a server for a room.', ['lobby', 'gateway'], {
    result: ['placed', 'elsewhere', 'again', 'no-capacity', 'unavailable'],
  });
  readonly placementSeconds = this.histogram('holdfast_placement_seconds', 'Time to choose a server for a room.', SHORT_SECONDS);
  readonly effectsOverdue = this.gauge('holdfast_effects_overdue', 'Number of effects whose handler runs for longer than EFFECT_WARN_MS.', [
    'game',
  ]);
  readonly effectResultsDropped = this.counter('holdfast_effect_results_dropped_total', 'Results of effects that no game could take.', [
    'game',
    'reason',
  ]);
  readonly freeSlots = this.gauge('holdfast_free_slots', 'Number of rooms that the game servers can still take.');
  readonly wantedGameServers = this.gauge('holdfast_wanted_game_servers', 'Number of game servers that the fleet needs.');

  readonly matchTickets = this.gauge('holdfast_match_tickets', 'Tickets that wait for a match, at the lobby that runs the rounds.', [
    'game',
  ]);
  readonly matches = this.counter('holdfast_matches_total', 'Matches that this lobby has made of tickets.', ['game']);
  readonly matchWaitSeconds = this.histogram('holdfast_match_wait_seconds', 'Time that a ticket waits for its match.', WAIT_SECONDS, [
    'game',
  ]);

  readonly commands = this.tallies('holdfast_commands_total', 'Commands of players.', ['game', 'result']);
  readonly commandAckSeconds = new TallyHistogram({
    name: 'holdfast_command_ack_seconds',
    help: 'Time from the arrival of a command at its room to its durable acknowledgement.',
    buckets: SHORT_SECONDS,
    registry: this.registry,
  });
  readonly steps = this.tallies('holdfast_steps_total', 'Fixed steps of games.', ['game']);
  readonly stepsLate = this.tallies('holdfast_steps_late_total', 'Steps that began after the next one was due.', ['game']);
  readonly stepsDropped = this.tallies('holdfast_steps_dropped_total', 'Steps that were left out because this server could not keep up.', [
    'game',
  ]);
  readonly stepSeconds = new TallyHistogram({
    name: 'holdfast_step_seconds',
    help: 'Time that a step takes.',
    buckets: SHORT_SECONDS,
    registry: this.registry,
  });
  readonly stepLagSeconds = new TallyHistogram({
    name: 'holdfast_step_lag_seconds',
    help: 'Time from the moment at which a step is due to its start.',
    buckets: STEP_LAG_SECONDS,
    registry: this.registry,
  });
  readonly inputsTaken = this.tallies('holdfast_inputs_taken_total', 'Inputs of players that a step has used.', ['game']);
  readonly inputsDropped = this.tallies(
    'holdfast_inputs_dropped_total',
    'Inputs of players that no step has used: a newer one replaced it, the queue was full, it was old or invalid.',
    ['game', 'reason'],
  );
  readonly inputsUndelivered = this.tallies(
    'holdfast_inputs_undelivered_total',
    'Inputs that a gateway dropped: its player was not attached to a room, sent too many, or the link could not keep up.',
    ['reason'],
  );
  readonly roomPauseSeconds = this.histogram(
    'holdfast_room_pause_seconds',
    'Time for which the players of a room had to wait.',
    PAUSE_SECONDS,
    ['cause'],
  );
  readonly roomsWithoutOwner = this.gauge('holdfast_rooms_without_owner', 'Rooms of lost servers that this server is recovering.');
  readonly recoverySeconds = this.histogram(
    'holdfast_recovery_seconds',
    'Time from the begin of the recovery of a lost server until none of its rooms waits.',
    PAUSE_SECONDS,
  );
  readonly roomsRecovered = this.counter('holdfast_rooms_recovered_total', 'Rooms adopted from a lost server.');
  readonly resyncs = this.counter(
    'holdfast_resyncs_total',
    'Sessions that requested the whole state again within a minute: their client cannot decode it, or loses it.',
  );
  readonly roomsMigrated = this.counter('holdfast_rooms_migrated_total', 'Rooms migrated to another server.');

  readonly relayFrames = this.tallies('holdfast_relay_frames_total', 'Game frames relayed between players and rooms.', ['direction']);
  readonly backlogBytes = this.gauge('holdfast_backlog_bytes', 'Bytes that a gateway buffers for slow readers.', ['where']);
  readonly backpressure = this.labelled('holdfast_backpressure_total', 'Number of times that a reader could not keep up.', ['gateway'], {
    where: ['player', 'events'],
  });
  readonly eventLoopLagSeconds = this.gauge(
    'holdfast_event_loop_lag_seconds',
    'Lag of the event loop, 99th percentile of the last complete period of 10 seconds.',
  );

  readonly clockOffsetSeconds = this.gauge(
    'holdfast_clock_offset_seconds',
    "How far this server's wall clock is ahead of Redis'; negative: behind.",
  );
  readonly linkFailures = this.labelled(
    'holdfast_link_failures_total',
    'Links to other servers that were refused because their secret differs, or that broke.',
    SERVER_TYPES,
    { reason: ['refused', 'broken'] },
  );
  readonly storeProbeSeconds = this.histogram(
    'holdfast_store_probe_seconds',
    'Time of a write to Redis that this server makes once a second. With DURABILITY_REPLICAS it includes the replicas.',
    SHORT_SECONDS,
  );
  readonly storeFailures = this.counter('holdfast_store_failures_total', 'Writes to Redis, made once a second, that failed.');
  readonly storeReconnects = this.counter('holdfast_store_reconnects_total', 'Connections to Redis that this server opened again.');
  readonly storeAvailable = this.gauge('holdfast_store_available', 'Whether this server can use Redis: 1 or 0.');
  readonly storeEvicts = this.gauge(
    'holdfast_store_evicts',
    'Whether Redis deletes keys when it is full, by its maxmemory-policy: 1 or 0.',
  );
  readonly logLinesDropped = this.tallies(
    'holdfast_log_lines_dropped_total',
    'Lines that were dropped because the disk was full or nobody read them.',
    ['stream'],
  );

  constructor(@Inject(TELEMETRY_OPTIONS) { server, type, build = '' }: TelemetryOptions) {
    this.registry.setDefaultLabels({ server });
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: UNUSED_LAG_PRECISION_MS });
    for (const name of RESET_BY_SCRAPES) this.registry.removeSingleMetric(name);
    if (!type) return;
    this.buildInfo.set({ type, version: HOLDFAST_VERSION, build, node: process.version }, 1);
    for (const begin of this.begun[type]) begin();
    if (type === 'gateway') this.roomPauseSeconds.zero({ cause: 'server-lost' });
    if (type === 'game') this.roomPauseSeconds.zero({ cause: 'migration' });
  }

  /**
   * Sets the metrics of one game to 0, so that they are exported before the first event. Each server that can run the game calls this
   * method once.
   */
  beginGame(game: string): void {
    for (const reason of ['ended', 'late']) this.effectResultsDropped.inc({ game, reason }, 0);
    this.effectsOverdue.set({ game }, 0);
  }

  private labelled<const Values extends LabelValues>(
    name: string,
    help: string,
    countedBy: readonly ServerType[],
    values: Values,
  ): LabelledCounter<Values> {
    const counter = new LabelledCounter({ name, help, values, registry: this.registry });
    for (const type of countedBy) this.begun[type].push(() => counter.beginAtZero());
    return counter;
  }

  private counter<Label extends string = never>(name: string, help: string, labelNames: readonly Label[] = []): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  private tallies<Label extends string>(name: string, help: string, labelNames: readonly Label[]): TallyCounter<Label> {
    return new TallyCounter({ name, help, labelNames, registry: this.registry });
  }

  private gauge<Label extends string = never>(name: string, help: string, labelNames: readonly Label[] = []): Gauge<Label> {
    const gauge = new Gauge({ name, help, labelNames, registers: [this.registry] });
    // prom-client begins a gauge without labels at 0, also on a server that never sets it. A query such as `min(...) == 0` would then
    // always match.
    if (labelNames.length === 0) gauge.remove();
    return gauge;
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
