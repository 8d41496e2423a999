import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import {
  EventJournal,
  isAtLeast,
  isOfServers,
  operatorEventsChannel,
  type PublishedOperatorEvent,
  type Severity,
  severityOf,
} from '#libs/fleet';
import { HoldfastError } from '#libs/protocol';
import { PubSub } from '#libs/redis';
import { Log, Metrics } from '#libs/telemetry';
import { OPERATOR_EVENTS_KEPT, STREAM_BACKLOG_BYTES_MAX, STREAM_KEEPALIVE_MS, STREAMS_MAX } from './admin.options.js';

/** The members of an HTTP response that `EventStreams` needs. */
export interface StreamResponse {
  readonly writableLength: number;
  writeHead(status: number, headers: Readonly<Record<string, string>>): unknown;
  flushHeaders(): void;
  write(text: string): unknown;
  end(): unknown;
  destroy(): unknown;
  on(event: 'close', listener: () => void): unknown;
}

export interface EventFilter {
  /** Kinds, such as `server.evicted`, and groups of kinds, such as `server`. Empty: all events. */
  readonly kinds: readonly string[];
  readonly severity: Severity;
}

/** An event. `order`: the number of the event among all events that this gateway received. */
interface Kept {
  readonly order: number;
  readonly event: PublishedOperatorEvent;
}

/**
 * Sends the operator events of all servers and rooms to readers, as server-sent events. Each event has the same id at every gateway. A
 * reader that reconnects, to any gateway, gets the missed events that the gateway still has. Source: the HTML standard's "Server-sent
 * events".
 */
@Injectable()
export class EventStreams implements OnModuleInit, OnModuleDestroy {
  /**
   * Server events are in a separate list, because the loss of one server can cause thousands of room events. In a shared list, these room
   * events would push out the server events.
   */
  private readonly ofServers: Kept[] = [];
  private readonly ofRooms: Kept[] = [];
  /** The ids of the events in `ofServers`. */
  private readonly known = new Set<string>();
  private readsJournal = false;
  /** Events that arrived during a read of the stored events (`journal`). They are newer than the stored events. */
  private readonly arrived: PublishedOperatorEvent[] = [];
  private readonly open = new Map<StreamResponse, EventFilter>();
  private received = 0;

  constructor(
    private readonly pubSub: PubSub,
    private readonly journal: EventJournal,
    private readonly metrics: Metrics,
    private readonly log: Log,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.pubSub.subscribe(operatorEventsChannel(), (message) => {
      for (const event of eventsOf(message)) {
        if (this.readsJournal) this.arrived.push(event);
        else this.record(event);
      }
    });
    this.pubSub.onReconnect(() => {
      this.writeAll(': Redis was unreachable; some events of rooms may be missing\n\n');
      void this.readJournal();
    });
    await this.readJournal();
  }

  /**
   * Reads the server events from before the start of this gateway, and the events that it missed while Redis was unreachable. If the read
   * fails, these events are missing until the next read.
   */
  private async readJournal(): Promise<void> {
    this.readsJournal = true;
    try {
      for (const event of await this.journal.read(OPERATOR_EVENTS_KEPT)) this.record(event);
    } catch (error) {
      this.log.warn('events.journal-unread', { error });
    } finally {
      this.readsJournal = false;
      for (const event of this.arrived.splice(0)) this.record(event);
    }
  }

  /**
   * Adds a reader. `lastId`: the last event that it received. `recent`: the number of past events to send when `lastId` is absent or when
   * the gateway no longer has that event.
   */
  add(response: StreamResponse, { lastId, recent, ...filter }: { readonly lastId?: string; readonly recent: number } & EventFilter): void {
    if (this.open.size >= STREAMS_MAX)
      throw new HoldfastError('busy', `This gateway already has ${STREAMS_MAX} event streams, the maximum. Use another gateway.`);
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      // Tells nginx not to buffer the stream.
      'X-Accel-Buffering': 'no',
    });
    response.flushHeaders();
    this.open.set(response, filter);
    response.on('close', () => this.open.delete(response));
    const kept = [...this.ofServers, ...this.ofRooms].sort((one, other) => one.order - other.order).map(({ event }) => event);
    const seen = lastId === undefined ? -1 : kept.findIndex(({ id }) => id === lastId);
    const wanted = (seen >= 0 ? kept.slice(seen + 1) : kept).filter((event) => isWanted(event, filter));
    const missed = seen >= 0 ? wanted : recent > 0 ? wanted.slice(-recent) : [];
    this.write(response, `retry: 1000\n: ${this.open.size} listening here\n\n${missed.map(textOf).join('')}`);
  }

  /** Closes the streams before the HTTP server closes, because the HTTP server waits for every open response. */
  onModuleDestroy(): void {
    for (const response of this.open.keys()) response.end();
    this.open.clear();
  }

  @Interval(STREAM_KEEPALIVE_MS)
  writeKeepalive(): void {
    this.writeAll(': keepalive\n\n');
  }

  private record(event: PublishedOperatorEvent): void {
    if (!isOfServers(event)) add(this.ofRooms, { order: this.received++, event });
    else {
      // Ignores an event that is already known, because each server event arrives over the Redis channel and is also stored in the journal.
      if (this.known.has(event.id)) return;
      this.known.add(event.id);
      const removed = add(this.ofServers, { order: this.received++, event });
      if (removed) this.known.delete(removed.event.id);
    }
    if (this.open.size === 0) return;
    const text = textOf(event);
    for (const [response, filter] of this.open) if (isWanted(event, filter)) this.write(response, text);
  }

  private writeAll(text: string): void {
    for (const response of this.open.keys()) this.write(response, text);
  }

  private write(response: StreamResponse, text: string): void {
    if (response.writableLength > STREAM_BACKLOG_BYTES_MAX) {
      this.metrics.backpressure.inc({ where: 'events' });
      this.open.delete(response);
      // Destroys the connection, because `end` would wait until the slow reader has read the whole backlog.
      response.destroy();
      return;
    }
    response.write(text);
  }
}

function isWanted(event: PublishedOperatorEvent, { kinds, severity }: EventFilter): boolean {
  if (!isAtLeast(event.severity ?? severityOf(event), severity)) return false;
  return kinds.length === 0 || kinds.some((kind) => event.kind === kind || event.kind.startsWith(`${kind}.`));
}

/** Adds an event to a list of limited length. Returns the event that it removes, if any. */
function add(kept: Kept[], event: Kept): Kept | undefined {
  kept.push(event);
  return kept.length > OPERATOR_EVENTS_KEPT ? kept.shift() : undefined;
}

function textOf(event: PublishedOperatorEvent): string {
  return `id: ${event.id}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`;
}

/**
 * Returns the events of a message. Returns an empty list for a message in another form, because another program may publish on the channel.
 */
function eventsOf(message: string): PublishedOperatorEvent[] {
  try {
    const events: unknown = JSON.parse(message);
    return Array.isArray(events) ? events.filter(isOperatorEvent) : [];
  } catch {
    return [];
  }
}

function isOperatorEvent(event: unknown): event is PublishedOperatorEvent {
  const { id, kind } = (event ?? {}) as Partial<PublishedOperatorEvent>;
  return typeof id === 'string' && !/[\r\n]/.test(id) && typeof kind === 'string' && /^[a-z.-]+$/.test(kind);
}
