import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { operatorEventsChannel, type PublishedOperatorEvent } from '#libs/fleet';
import { HoldfastError } from '#libs/protocol';
import { PubSub } from '#libs/redis';
import { Metrics } from '#libs/telemetry';
import { OPERATOR_EVENTS_KEPT, STREAM_BACKLOG_BYTES_MAX, STREAM_KEEPALIVE_MS, STREAMS_MAX } from './admin.options.js';

/** The part of an HTTP response that this file uses. */
export interface StreamResponse {
  readonly writableLength: number;
  writeHead(status: number, headers: Readonly<Record<string, string>>): unknown;
  flushHeaders(): void;
  write(text: string): unknown;
  end(): unknown;
  destroy(): unknown;
  on(event: 'close', listener: () => void): unknown;
}

/**
 * Sends the operator events of all servers and rooms to readers, as server-sent events. Each event has the same id at every gateway. A
 * reader that reconnects, to any gateway, gets the events that it missed, as far as the gateway still has them. Source: the HTML standard's
 * "Server-sent events".
 */
@Injectable()
export class EventStreams implements OnModuleInit, OnModuleDestroy {
  private readonly kept: PublishedOperatorEvent[] = [];
  private readonly open = new Set<StreamResponse>();

  constructor(
    private readonly pubSub: PubSub,
    private readonly metrics: Metrics,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.pubSub.subscribe(operatorEventsChannel(), (message) => {
      for (const event of eventsOf(message)) this.record(event);
    });
    this.pubSub.onReconnect(() => this.writeAll(': Redis was unreachable; some events may be missing\n\n'));
  }

  /**
   * Adds a reader. `lastId`: the last event that it received. `recent`: how many past events to send when `lastId` is absent or no longer
   * kept.
   */
  add(response: StreamResponse, { lastId, recent }: { readonly lastId?: string; readonly recent: number }): void {
    if (this.open.size >= STREAMS_MAX)
      throw new HoldfastError('busy', `This gateway already has ${STREAMS_MAX} event streams, the maximum. Use another gateway.`);
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      // Tells nginx not to buffer the stream.
      'X-Accel-Buffering': 'no',
    });
    response.flushHeaders();
    this.open.add(response);
    response.on('close', () => this.open.delete(response));
    const seen = lastId === undefined ? -1 : this.kept.findIndex(({ id }) => id === lastId);
    const missed = seen >= 0 ? this.kept.slice(seen + 1) : recent > 0 ? this.kept.slice(-recent) : [];
    this.write(response, `retry: 1000\n: ${this.open.size} listening here\n\n${missed.map(textOf).join('')}`);
  }

  /** Runs before the HTTP server closes, because the close of the server waits for every open response. */
  onModuleDestroy(): void {
    for (const response of this.open) response.end();
    this.open.clear();
  }

  @Interval(STREAM_KEEPALIVE_MS)
  writeKeepalive(): void {
    this.writeAll(': keepalive\n\n');
  }

  private record(event: PublishedOperatorEvent): void {
    this.kept.push(event);
    if (this.kept.length > OPERATOR_EVENTS_KEPT) this.kept.shift();
    if (this.open.size > 0) this.writeAll(textOf(event));
  }

  private writeAll(text: string): void {
    for (const response of this.open) this.write(response, text);
  }

  private write(response: StreamResponse, text: string): void {
    if (response.writableLength > STREAM_BACKLOG_BYTES_MAX) {
      this.metrics.backpressure.inc({ where: 'events' });
      this.open.delete(response);
      // `end` would wait for the reader, so the connection is destroyed.
      response.destroy();
      return;
    }
    response.write(text);
  }
}

function textOf(event: PublishedOperatorEvent): string {
  return `id: ${event.id}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** Returns an empty list for a message that is not a list of events, because another program may publish on the channel. */
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
