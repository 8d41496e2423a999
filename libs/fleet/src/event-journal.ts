import { Injectable } from '@nestjs/common';
import { RedisConnections, redisName } from '#libs/redis';
import type { PublishedOperatorEvent } from './event-sink.js';

/** Time for which the journal keeps an event, in ms: one day, so that an operator can read the events of a night in the morning. */
const KEPT_MS = 86_400_000;
/**
 * Maximum number of events in the journal. With some 300 bytes per event, the journal has about 3 MB. Redis deletes events in blocks, so
 * the journal may have up to 100 more events.
 */
const EVENTS_MAX = 10_000;

const journalKey = (): string => redisName('event-journal');

/**
 * The latest events of servers, in a stream in Redis. The stream has no events of rooms: a recovery publishes an event for each room, and
 * these events would push out the server events that explain the recovery.
 */
@Injectable()
export class EventJournal {
  constructor(private readonly redis: RedisConnections) {}

  /** Appends events in their order. Events may be lost while the store does not answer. */
  async append(events: readonly PublishedOperatorEvent[]): Promise<void> {
    if (events.length === 0) return;
    const pipeline = this.redis.commands.pipeline();
    for (const event of events) pipeline.xadd(journalKey(), 'MAXLEN', '~', EVENTS_MAX, '*', 'event', JSON.stringify(event));
    pipeline.pexpire(journalKey(), KEPT_MS);
    await pipeline.exec();
  }

  /** Returns the latest events of the last day, oldest first. `limit`: maximum number of events. */
  async read(limit: number): Promise<PublishedOperatorEvent[]> {
    const [seconds] = await this.redis.commands.time();
    const from = Number(seconds) * 1_000 - KEPT_MS;
    const entries = await this.redis.commands.xrevrange(journalKey(), '+', from, 'COUNT', limit);
    return entries.flatMap(([, [, text]]) => parsed(text)).reverse();
  }
}

/** Returns whether the event is about a server. The journal contains only server events. */
export function isOfServers({ kind }: PublishedOperatorEvent): boolean {
  return !kind.startsWith('room.');
}

/**
 * Returns a list with the event that the text contains. Returns an empty list if the text is no event, because another program may write to
 * the stream.
 */
function parsed(text: string | undefined): PublishedOperatorEvent[] {
  try {
    const event = JSON.parse(text ?? '') as PublishedOperatorEvent;
    return typeof event?.id === 'string' && typeof event.kind === 'string' ? [event] : [];
  } catch {
    return [];
  }
}
