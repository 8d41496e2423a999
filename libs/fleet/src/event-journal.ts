import { Injectable } from '@nestjs/common';
import { RedisConnections, redisName } from '#libs/redis';
import type { PublishedOperatorEvent } from './event-sink.js';

/** Time for which the journal keeps an event, in ms: long enough for an operator who reads the events of a night in the morning. */
const KEPT_MS = 86_400_000;
/**
 * Number of events in the journal. One event has some 300 bytes, so the journal needs about 3 MB. Redis deletes events in blocks, so up to
 * 100 more may be stored.
 */
const EVENTS_MAX = 10_000;

const journalKey = (): string => redisName('event-journal');

/**
 * The events of servers, in a stream in Redis. Events of rooms are not in it: a recovery publishes one for each room, and these would push
 * out the server events that explain the recovery.
 */
@Injectable()
export class EventJournal {
  constructor(private readonly redis: RedisConnections) {}

  /** Appends events in their order. An event may be lost when the store does not answer. */
  async append(events: readonly PublishedOperatorEvent[]): Promise<void> {
    if (events.length === 0) return;
    const pipeline = this.redis.commands.pipeline();
    for (const event of events) pipeline.xadd(journalKey(), 'MAXLEN', '~', EVENTS_MAX, '*', 'event', JSON.stringify(event));
    pipeline.pexpire(journalKey(), KEPT_MS);
    await pipeline.exec();
  }

  /** Returns the latest events of the last day, oldest first, at most `limit`. */
  async read(limit: number): Promise<PublishedOperatorEvent[]> {
    const [seconds] = await this.redis.commands.time();
    const from = Number(seconds) * 1_000 - KEPT_MS;
    const entries = await this.redis.commands.xrevrange(journalKey(), '+', from, 'COUNT', limit);
    return entries.flatMap(([, [, text]]) => parsed(text)).reverse();
  }
}

/** Returns whether the event is about a server. The journal contains only these events. */
export function isOfServers({ kind }: PublishedOperatorEvent): boolean {
  return !kind.startsWith('room.');
}

/** Returns an empty list for text that is no event, because another program may write to the stream. */
function parsed(text: string | undefined): PublishedOperatorEvent[] {
  try {
    const event = JSON.parse(text ?? '') as PublishedOperatorEvent;
    return typeof event?.id === 'string' && typeof event.kind === 'string' ? [event] : [];
  } catch {
    return [];
  }
}
