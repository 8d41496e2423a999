import { Injectable } from '@nestjs/common';
import { SingleFlight } from '#libs/async';
import { RedisConnections, redisName } from '#libs/redis';
import type { PublishedOperatorEvent } from './event-sink.js';

/** Time for which the journal keeps an event, in ms: one day, so that an operator can read the events of a night in the morning. */
const KEPT_MS = 86_400_000;
/**
 * Maximum number of events in the journal. An event has about 300 bytes, so the journal takes about 3 MB. Redis deletes events in blocks,
 * so the journal can have up to 100 more events.
 */
const EVENTS_MAX = 10_000;

/** Maximum number of events that one Redis command reads. */
const READ_AT_ONCE = 1_000;

/** An event with its id in the stream, `<ms>-<number>`. */
interface Entry {
  readonly id: string;
  readonly event: PublishedOperatorEvent;
}

const journalKey = (): string => redisName('event-journal');

/**
 * The latest events of servers, in a stream in Redis. The stream has no events of rooms: a recovery publishes an event for each room, and
 * because the length of the stream is limited, these events would replace the server events that explain the recovery.
 */
@Injectable()
export class EventJournal {
  /** The events that `readDay` has read, oldest first. */
  private known: Entry[] = [];
  private readonly newEvents = new SingleFlight(() => this.readNew());

  constructor(private readonly redis: RedisConnections) {}

  /** Appends events in their order. Events can be lost while the store does not answer. */
  async append(events: readonly PublishedOperatorEvent[]): Promise<void> {
    if (events.length === 0) return;
    const pipeline = this.redis.commands.pipeline();
    for (const event of events) pipeline.xadd(journalKey(), 'MAXLEN', '~', EVENTS_MAX, '*', 'event', JSON.stringify(event));
    pipeline.pexpire(journalKey(), KEPT_MS);
    await pipeline.exec();
  }

  /**
   * Returns all events of the last day, oldest first, at most `EVENTS_MAX`. Each call reads only the events that are new since the last
   * call, so callers may call this method often.
   */
  async readDay(): Promise<readonly PublishedOperatorEvent[]> {
    await this.newEvents.again();
    return this.known.map(({ event }) => event);
  }

  private async readNew(): Promise<void> {
    const { commands } = this.redis;
    const [[seconds], newest] = await Promise.all([commands.time(), commands.xrevrange(journalKey(), '+', '-', 'COUNT', 1)]);
    const from = Number(seconds) * 1_000 - KEPT_MS;
    const last = this.known.at(-1);
    // If the newest id in Redis is lower than the last known id, Redis has lost events. This method then reads all events again.
    const known = last && newest[0] && compareIds(newest[0][0], last.id) >= 0 ? [...this.known] : [];
    for (;;) {
      const after = known.at(-1)?.id;
      const entries = await commands.xrange(journalKey(), after === undefined ? from : `(${after}`, '+', 'COUNT', READ_AT_ONCE);
      known.push(...entries.flatMap(([id, [, text]]) => parsed(text).map((event) => ({ id, event }))));
      if (entries.length < READ_AT_ONCE) break;
    }
    const begin = known.findIndex(({ id }) => Number(id.split('-')[0]) >= from);
    this.known = begin < 0 ? [] : known.slice(Math.max(begin, known.length - EVENTS_MAX));
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
 * Returns a list with the event that the text contains. Returns an empty list if the text is not an event, because another program can
 * write to the stream.
 */
function parsed(text: string | undefined): PublishedOperatorEvent[] {
  try {
    const event = JSON.parse(text ?? '') as PublishedOperatorEvent;
    return typeof event?.id === 'string' && typeof event.kind === 'string' ? [event] : [];
  } catch {
    return [];
  }
}

/** Compares two ids of a stream. The result is negative when the first id is older. */
function compareIds(one: string, other: string): number {
  const [ms = 0, number = 0] = one.split('-').map(Number);
  const [otherMs = 0, otherNumber = 0] = other.split('-').map(Number);
  return ms - otherMs || number - otherNumber;
}
