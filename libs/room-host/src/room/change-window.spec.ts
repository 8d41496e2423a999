import fc from 'fast-check';
import type { Change } from '#libs/room';
import { packChange } from '#libs/room-store';
import { RECENT_BYTES_MAX, RECENT_CHANGES_MAX } from '../room-host.options.js';
import { ChangeWindow } from './change-window.js';
import { RecentChanges } from './recent-changes.js';

function change(version: number, text: string, hasEvents: boolean): Change {
  return {
    version,
    at: 1,
    patches: [{ op: 'replace', path: '/text', value: text }],
    ...(hasEvents && { events: [{ name: 'said', data: text }] }),
  };
}

/** For each change, the length of its text and whether it has an event. */
const bringing = fc.array(fc.tuple(fc.integer({ min: 0, max: 300 }), fc.boolean()), { maxLength: 120 });

describe('a window of the latest changes', () => {
  it('contains the last changes, up to a maximum number and a maximum number of bytes', () => {
    fc.assert(
      fc.property(bringing, (all) => {
        const window = new ChangeWindow(20, 2_000);
        const held: Change[] = [];
        for (const [index, [length, hasEvents]] of all.entries()) {
          const next = change(index + 1, 'x'.repeat(length), hasEvents);
          const entry = packChange(next);
          while (window.isFullFor(entry.length)) {
            const oldest = held.shift();
            expect(window.oldestVersion).toBe(oldest?.version);
            expect(window.oldestHasEvents).toBe(oldest?.events !== undefined);
            expect(Buffer.compare(window.oldestEntry, packChange(oldest as Change))).toBe(0);
            window.dropOldest();
          }
          expect(window.push(next.version, hasEvents, entry)).toBe(true);
          held.push(next);
          expect(held.length).toBeLessThanOrEqual(20);
        }
        expect(window.isEmpty).toBe(held.length === 0);
        expect(window.after(0)).toEqual(held);
        const middle = held[held.length >> 1]?.version ?? 0;
        expect(window.after(middle, true)).toEqual(held.filter(({ version, events }) => version > middle && events));
      }),
    );
  });

  it('refuses a change that is larger than the window', () => {
    const window = new ChangeWindow(20, 200);
    expect(window.push(1, false, new Uint8Array(200))).toBe(false);
    expect(window.isEmpty).toBe(true);
  });
});

describe('the recent changes of a room', () => {
  function recentOf(all: readonly Change[]): RecentChanges {
    const recent = new RecentChanges({ since: 0, changes: [] }, 0);
    for (const each of all) recent.push([each], [packChange(each)]);
    return recent;
  }

  it('have a limited total size, even when their events are large', () => {
    const length = 40;
    // A change contains its text twice, in a patch and in an event. With a text of a twentieth of the limit, each change takes a tenth of
    // the limit.
    const loud = Array.from({ length }, (_, index) => change(index + 1, 'x'.repeat(RECENT_BYTES_MAX / 20), true));
    const recent = recentOf(loud);
    expect(recent.since(1)).toBeNull();
    const last = recent.since(length - 3);
    expect(last).toEqual(loud.slice(-3));
    expect(recent.eventsAfter(1)).toBeNull();
    expect(recent.eventsAfter(length - 3)).toEqual(loud.slice(-3).map(({ version, events }) => ({ version, events })));
  });

  it('contain only newer changes after a change that is too large for the window', () => {
    const quiet = [change(1, 'a', true), change(2, 'b', false)];
    const huge = change(3, 'x'.repeat(RECENT_BYTES_MAX), true);
    const after = change(4, 'c', true);
    const recent = recentOf([...quiet, huge, after]);
    expect(recent.since(2)).toBeNull();
    expect(recent.since(3)).toEqual([after]);
    expect(recent.eventsAfter(2)).toBeNull();
    expect(recent.eventsAfter(3)).toEqual([{ version: 4, events: after.events }]);
  });

  it('omit events that cannot be packed', () => {
    const unpackable = { version: 0, events: [{ name: 'said', data: 2n ** 80n }] };
    const recent = new RecentChanges({ since: -1, changes: [unpackable] }, 0);
    expect(recent.eventsAfter(-1)).toBeNull();
    recent.pushEvents([{ ...change(1, 'a', false), events: unpackable.events }, change(2, 'b', true)]);
    expect([recent.eventsAfter(0), recent.eventsAfter(1)?.map(({ version }) => version)]).toEqual([null, [2]]);
  });

  it('keep events longer than patches when few changes have events', () => {
    const all = Array.from({ length: 4 * RECENT_CHANGES_MAX }, (_, index) => change(index + 1, 'x', index % 8 === 0));
    const recent = recentOf(all);
    expect(recent.since(RECENT_CHANGES_MAX)).toBeNull();
    expect(recent.eventsAfter(1)?.map(({ version }) => version)).toEqual(
      all.filter(({ version, events }) => version > 1 && events).map(({ version }) => version),
    );
  });
});
