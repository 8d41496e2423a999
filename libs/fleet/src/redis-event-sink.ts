import { Injectable } from '@nestjs/common';
import { TickBatch } from '#libs/async';
import { PubSub, StoreClock } from '#libs/redis';
import { EventSink, type Happening, type ToldHappening } from './event-sink.js';
import { HAPPENINGS_CHANNEL } from './fleet.options.js';
import { Self } from './self.js';

/** More than a process does in one turn; a message stays far below what anybody's buffer holds. */
const MESSAGE_HAPPENINGS_MAX = 100;

/** Publishes on `hf:events`: a JSON array of what was told within one turn of the loop, so that a thousand recovered rooms are few messages. */
@Injectable()
export class RedisEventSink extends EventSink {
  private readonly batch = new TickBatch<ToldHappening>('io', (told) => this.publish(told));
  private count = 0;

  constructor(
    private readonly pubSub: PubSub,
    private readonly self: Self,
    private readonly clock: StoreClock,
  ) {
    super();
  }

  override tell(happening: Happening): void {
    const { id: by, incarnation } = this.self;
    const at = Math.round(this.clock.storeTime());
    // The incarnation alone does not do: before it is registered a process has none.
    const id = `${by}:${incarnation}:${at}:${this.count++}`;
    this.batch.add({ id, by, at, ...happening });
  }

  private publish(told: readonly ToldHappening[]): void {
    for (let from = 0; from < told.length; from += MESSAGE_HAPPENINGS_MAX) {
      const message = JSON.stringify(told.slice(from, from + MESSAGE_HAPPENINGS_MAX));
      // Without a store nobody can be told; what happened is in the log.
      this.pubSub.publish(HAPPENINGS_CHANNEL, message).catch(() => {});
    }
  }
}
