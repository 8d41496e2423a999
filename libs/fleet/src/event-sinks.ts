import { Injectable } from '@nestjs/common';
import { ExtensionExplorer } from '#libs/extension';
import { Log } from '#libs/telemetry';
import { EventSink, type OperatorEvent } from './event-sink.js';
import { RedisEventSink } from './redis-event-sink.js';

/** Passes each event to Redis and to every sink of the application. A sink that throws does not affect the other sinks or the caller. */
@Injectable()
export class EventSinks extends EventSink {
  private found: readonly EventSink[] | null = null;
  private hasFailed = false;

  constructor(
    private readonly redis: RedisEventSink,
    private readonly explorer: ExtensionExplorer,
    private readonly log: Log,
  ) {
    super();
  }

  override publish(event: OperatorEvent): void {
    this.redis.publish(event);
    this.found ??= this.explorer.all(EventSink);
    for (const sink of this.found) {
      try {
        sink.publish(event);
      } catch (error) {
        this.failed(sink, error);
      }
    }
  }

  /** Logs only the first failure of a sink. Otherwise a broken sink would cause a log line for each event. */
  private failed(sink: EventSink, error: unknown): void {
    if (this.hasFailed) return;
    this.hasFailed = true;
    this.log.error('event-sink.failed', {
      sink: sink.constructor.name,
      error,
      advice: 'publish() must not throw; further failures are not logged',
    });
  }
}
