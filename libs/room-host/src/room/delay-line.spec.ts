import fc from 'fast-check';
import type { RoomValue } from '#libs/room';
import { DelayLine, MOMENTS_MAX, type Moment } from './delay-line.js';

const moment = (version: number, hasEvent = true): Moment => ({
  value: { version } as RoomValue,
  events: hasEvent ? [{ version, events: [{ name: 'e' }] }] : [],
  isAfterGap: false,
});

describe('the delay line for spectators', () => {
  it('returns the newest value whose delay is over, with all events since the last returned value', () => {
    const line = new DelayLine(1_000);
    line.add(moment(1), 0);
    line.add(moment(2), 400);
    line.add(moment(3), 800);
    expect(line.take(999)).toBeNull();
    expect(line.waitMs(999)).toBe(1);
    expect(line.take(1_000)?.value.version).toBe(1);
    const later = line.take(5_000);
    expect(later?.value.version).toBe(3);
    expect(later?.events.map(({ version }) => version)).toEqual([2, 3]);
    expect(line.waitMs(5_000)).toBeNull();
  });

  it('never returns a value or event before the delay is over', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 60_000 }),
        fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 400 }),
        (delayMs, gaps) => {
          const line = new DelayLine(delayMs);
          const madeAt: number[] = [];
          const seen: number[] = [];
          let now = 0;
          const look = (): void => {
            const taken = line.take(now);
            if (!taken) return;
            for (const version of [taken.value.version, ...taken.events.map((event) => event.version)])
              expect(now - madeAt[version]!).toBeGreaterThanOrEqual(delayMs);
            seen.push(...taken.events.map((event) => event.version));
          };
          for (const gap of gaps) {
            now += gap;
            madeAt.push(now);
            line.add(moment(madeAt.length - 1), now);
            look();
          }
          now += 2 * delayMs;
          look();
          expect(seen).toEqual(madeAt.map((_, version) => version));
        },
      ),
    );
  });

  it('keeps a limited number of values, and reports dropped events', () => {
    const line = new DelayLine(300_000);
    for (let version = 0; version < 20_000; version++) line.add(moment(version), version * 10);
    let count = 0;
    let gaps = 0;
    for (let now = 300_000; line.waitMs(now) !== null; now += 10) {
      const taken = line.take(now);
      if (taken) count += 1;
      if (taken?.isAfterGap) gaps += 1;
    }
    expect(count).toBeLessThanOrEqual(MOMENTS_MAX);
    expect(gaps).toBeGreaterThan(0);
  });
});
