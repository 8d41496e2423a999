import type { RoomValue } from '#libs/room';
import type { EventsOfChange } from '#libs/room-store';

/** A durable value of a room, with the events since the previous value. */
export interface Moment {
  readonly value: RoomValue;
  readonly events: readonly EventsOfChange[];
  /** True: earlier events were dropped, so the spectators miss them. */
  readonly isAfterGap: boolean;
}

interface Waiting extends Moment {
  /**
   * This entry joins several values. The times at which the first (`since`) and the last (`at`) of them became durable, by the monotonic
   * clock, in ms.
   */
  readonly since: number;
  readonly at: number;
}

/** Maximum number of waiting values. The longer the delay, the more values are joined into one. */
export const MOMENTS_MAX = 240;
/** Minimum time between two values that spectators see, in ms. */
const STEP_MS_MIN = 50;
/** Maximum number of waiting changes with events. With more changes, the oldest events are dropped (`isAfterGap`). */
const EVENTS_MAX = 5_000;

/**
 * Delays the durable values of a room for its spectators. To limit the number of waiting values, the values of one `stepMs` are joined: the
 * last of them remains, with the events of all. A joined value waits until its last value is old enough, so spectators see no value too
 * early.
 */
export class DelayLine {
  private readonly waiting: Waiting[] = [];
  private eventCount = 0;
  private readonly stepMs: number;

  constructor(private readonly delayMs: number) {
    this.stepMs = Math.max(STEP_MS_MIN, delayMs / MOMENTS_MAX);
  }

  /** Adds a value that has become durable at `now`, in ms of the monotonic clock. */
  add(moment: Moment, now: number): void {
    const last = this.waiting.at(-1);
    this.eventCount += moment.events.length;
    if (last && now - last.since < this.stepMs) {
      this.waiting[this.waiting.length - 1] = {
        value: moment.value,
        events: moment.events.length > 0 ? [...last.events, ...moment.events] : last.events,
        isAfterGap: last.isAfterGap || moment.isAfterGap,
        since: last.since,
        at: now,
      };
    } else this.waiting.push({ ...moment, since: now, at: now });
    if (this.eventCount > EVENTS_MAX) this.dropOldEvents();
  }

  /**
   * Removes the values that are old enough at `now`, and returns the latest of them with the events of all of them. Null: no value is old
   * enough.
   */
  take(now: number): Moment | null {
    let taken: Moment | null = null;
    while (this.waiting.length > 0 && this.waiting[0]!.at + this.delayMs <= now) {
      const next = this.waiting.shift()!;
      this.eventCount -= next.events.length;
      const { value, events, isAfterGap } = next;
      taken = taken
        ? { value, events: [...taken.events, ...events], isAfterGap: taken.isAfterGap || isAfterGap }
        : { value, events, isAfterGap };
    }
    return taken;
  }

  /** Returns the time until the next value is old enough, in ms. Null: no value waits. */
  waitMs(now: number): number | null {
    const [first] = this.waiting;
    return first ? Math.max(0, first.at + this.delayMs - now) : null;
  }

  private dropOldEvents(): void {
    for (let index = 0; index < this.waiting.length - 1 && this.eventCount > EVENTS_MAX; index++) {
      const one = this.waiting[index]!;
      this.eventCount -= one.events.length;
      this.waiting[index] = { ...one, events: [], isAfterGap: true };
    }
  }
}
