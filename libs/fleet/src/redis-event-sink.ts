import { Injectable } from '@nestjs/common';
import { TickBatch } from '#libs/async';
import { PubSub, StoreClock } from '#libs/redis';
import { EventJournal, isOfServers } from './event-journal.js';
import { severityOf } from './event-severity.js';
import { EventSink, type OperatorEvent, type PublishedOperatorEvent } from './event-sink.js';
import { operatorEventsChannel } from './fleet.options.js';
import { Self } from './self.js';

/**
 * Maximum number of events in one message. A process rarely reports more events in one tick. A message of this size is far below all buffer
 * limits.
 */
const MESSAGE_EVENTS_MAX = 100;

/**
 * Publishes all events on `hf:events`, and writes the events of servers into the journal. A message is a JSON array of the events of one
 * tick, so that a recovery of a thousand rooms needs few messages.
 */
@Injectable()
export class RedisEventSink extends EventSink {
  private readonly batch = new TickBatch<PublishedOperatorEvent>('io', (events) => this.send(events));
  private count = 0;

  constructor(
    private readonly pubSub: PubSub,
    private readonly self: Self,
    private readonly clock: StoreClock,
    private readonly journal: EventJournal,
  ) {
    super();
  }

  override publish(event: OperatorEvent): void {
    const { id: by, incarnation } = this.self;
    const at = Math.round(this.clock.storeTime());
    // The id of an event also contains the time, because every process has incarnation 0 before its registration.
    const id = `${by}:${incarnation}:${at}:${this.count++}`;
    this.batch.add({ id, by, at, severity: severityOf(event), ...event });
  }

  private send(events: readonly PublishedOperatorEvent[]): void {
    this.journal.append(events.filter(isOfServers)).catch(() => {});
    for (let from = 0; from < events.length; from += MESSAGE_EVENTS_MAX) {
      const message = JSON.stringify(events.slice(from, from + MESSAGE_EVENTS_MAX));
      // Ignores the error. Without the store, events are lost, but the server log has the same facts.
      this.pubSub.publish(operatorEventsChannel(), message).catch(() => {});
    }
  }
}
