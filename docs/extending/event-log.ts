import { EventSink, Extension, type OperatorEvent } from '@holdfast/server/ports';
import { Injectable } from '@nestjs/common';

/** Keeps the evictions of this process. A real sink calls a pager, and must not wait for it. */
@Injectable()
@Extension(EventSink)
export class EventLog extends EventSink {
  readonly evictions: OperatorEvent[] = [];

  override publish(event: OperatorEvent): void {
    if (event.kind === 'server.evicted') this.evictions.push(event);
  }
}
