import { pack, type Seat } from '#libs/protocol';
import type { Change } from '#libs/room';
import { type EventsOfChange, type EventTail, packChange } from '#libs/room-store';
import { EVENT_TAIL_BYTES_MAX, RECENT_BYTES_MAX, RECENT_CHANGES_MAX } from '../room-host.options.js';
import { ChangeWindow } from './change-window.js';

/**
 * The last durable changes of a room, for clients that reconnect. The latest changes are kept whole, so that a client gets patches. Of
 * earlier changes only the events are kept, so that a client with a snapshot receives every event once.
 *
 * Invariant: `changes` has no gap and ends at `upTo`, or is empty. The events in `events` and `changes` are all events after `eventsSince`.
 */
export class RecentChanges {
  private readonly changes = new ChangeWindow(RECENT_CHANGES_MAX, RECENT_BYTES_MAX);
  private readonly events = new ChangeWindow(RECENT_CHANGES_MAX, RECENT_BYTES_MAX);
  private eventsSince: number;

  /** @param upTo the version up to which the given events are complete */
  constructor(
    { since, changes }: Pick<EventTail, 'since' | 'changes'>,
    private upTo: number,
  ) {
    this.eventsSince = since;
    for (const change of changes) this.keepEvents(change);
  }

  /**
   * Adds successive changes, newest last. Does not add events up to the version `upTo` again.
   * @param entries the same changes, packed by `packChange`
   */
  push(changes: readonly Change[], entries: readonly Uint8Array[]): void {
    for (let index = 0; index < changes.length; index++) {
      const { version, events } = changes[index]!;
      const entry = entries[index]!;
      const hasEvents = events !== undefined && version > this.upTo;
      if (version > this.upTo) this.upTo = version;
      while (this.changes.isFullFor(entry.length)) this.dropWhole();
      if (this.changes.push(version, hasEvents, entry)) continue;
      // The change is too large to be kept. Earlier changes are dropped, too, because patches must have no gap.
      while (!this.changes.isEmpty) this.dropWhole();
      if (hasEvents) this.keepEntry(version, entry);
    }
  }

  /**
   * Adds only the events of these changes, and drops the patches of all earlier changes. Call it for changes that do not lead to the
   * current state or are not packed.
   */
  pushEvents(changes: readonly Change[]): void {
    while (!this.changes.isEmpty) this.dropWhole();
    for (const { version, events } of changes) {
      if (version <= this.upTo) continue;
      this.upTo = version;
      if (events) this.keepEvents({ version, events });
    }
  }

  /** Returns all changes after `version`. Null: not all of them are kept. */
  since(version: number): readonly Change[] | null {
    if (this.changes.isEmpty || this.changes.oldestVersion > version + 1) return null;
    return this.changes.after(version);
  }

  /** Returns all events after `version`. Null: not all of them are kept. With -1, the events of the setup are included. */
  eventsAfter(version: number): readonly EventsOfChange[] | null {
    if (version < this.eventsSince) return null;
    const all = [...this.events.after(version, true), ...this.changes.after(version, true)];
    return all.map(({ version, events }) => ({ version, events }));
  }

  /**
   * Returns the latest events and the events of `onTheirWay`, up to the size limit for the events in a checkpoint. `onTheirWay`: changes
   * that the store has not acknowledged.
   */
  tail(shown: Iterable<Seat>, onTheirWay: readonly Change[] = [], changesMax = RECENT_CHANGES_MAX): EventTail {
    const kept = this.eventsAfter(this.eventsSince) ?? [];
    const all = [...kept, ...onTheirWay.flatMap(({ version, events }) => (events ? [{ version, events }] : []))];
    let changes = all.slice(-changesMax);
    while (changes.length > 0 && pack(changes).length > EVENT_TAIL_BYTES_MAX) changes = changes.slice(Math.ceil(changes.length / 2));
    const since = changes.length === all.length ? this.eventsSince : all[all.length - changes.length - 1]!.version;
    return { since, changes, shown: [...shown] };
  }

  private dropWhole(): void {
    const { changes } = this;
    if (changes.oldestHasEvents) this.keepEntry(changes.oldestVersion, changes.oldestEntry);
    changes.dropOldest();
  }

  /**
   * Adds the events of a change that is not kept whole. If the events cannot be packed, the game is about to end, so this method drops them
   * and all earlier events.
   */
  private keepEvents({ version, events }: EventsOfChange): void {
    let entry: Uint8Array;
    try {
      entry = packChange({ version, at: 0, patches: [], events });
    } catch {
      return this.dropAllEvents(version);
    }
    this.keepEntry(version, entry);
  }

  private keepEntry(version: number, entry: Uint8Array): void {
    const { events } = this;
    while (events.isFullFor(entry.length)) this.dropOldestEvents();
    if (!events.push(version, true, entry)) this.dropAllEvents(version);
  }

  private dropOldestEvents(): void {
    this.eventsSince = this.events.oldestVersion;
    this.events.dropOldest();
  }

  /** Removes the events up to and including this version. */
  private dropAllEvents(version: number): void {
    while (!this.events.isEmpty) this.events.dropOldest();
    this.eventsSince = version;
  }
}
