import { interpolate } from './interpolate.js';
import type { FeedSync, RoomFeed } from './room-feed.js';

interface Thing {
  readonly id: number;
  readonly x: number;
  readonly hits?: number;
}

function setUp() {
  let now = 0;
  let listener: (sync: FeedSync<Thing[]>) => void = () => {};
  const off = jest.fn();
  const on: RoomFeed<Thing[]>['on'] = (_name, added) => {
    listener = added;
    return off;
  };
  const room: RoomFeed<Thing[]> = { seat: null, sendInput: () => {}, on };
  const things = interpolate(room, { entities: (all) => all, key: ({ id }) => id, blend: { x: 'linear' }, jumpOver: 100, now: () => now });
  let version = 0;
  /** Delivers a state, and displays frames for 50 ms. Returns the entities that the last frame displayed. */
  const step = (state: Thing[] | null, time = now, fields: Partial<FeedSync<Thing[]>> = {}): readonly Thing[] => {
    if (state) listener({ version: ++version, time: 5_000 + time, state, ...fields });
    let shown: readonly Thing[] = [];
    for (let frame = 0; frame < 5; frame++) {
      now += 10;
      shown = things.sample();
    }
    return shown;
  };
  const fly = (steps: number): readonly Thing[] => {
    let shown: readonly Thing[] = [];
    for (let count = 0; count < steps; count++) shown = step([{ id: 1, x: now / 5 }]);
    return shown;
  };
  return { step, fly, things, off, now: () => now };
}

describe('the interpolation of entities', () => {
  it('displays entities with a delay of one step and a small margin', () => {
    const { fly, things, now } = setUp();
    const [thing] = fly(40);
    expect(things.delayMs).toBeCloseTo(58);
    expect(thing?.x).toBeCloseTo((now() - 58) / 5, 0);
    expect(things.time).toBeCloseTo(5_000 + now() - 58, 0);
  });

  it('shows and hides entities at the displayed time, not when the newest state arrives', () => {
    const { step, fly } = setUp();
    fly(20);
    expect(step([{ id: 2, x: 7 }])).toMatchObject([{ id: 1 }]);
    expect(step([{ id: 2, x: 7 }])).toEqual([{ id: 2, x: 7 }]);
  });

  it('does not interpolate the motion of an entity that moved farther than `jumpOver`', () => {
    const { step, fly } = setUp();
    fly(20);
    const seen = new Set<number>();
    for (let count = 0; count < 6; count++) for (const { x } of step([{ id: 1, x: 9_000 }])) seen.add(x);
    expect([...seen].filter((x) => x > 300 && x !== 9_000)).toEqual([]);
    expect(seen.has(9_000)).toBe(true);
  });

  it('extrapolates for a short time without a new state, and then shows the latest state', () => {
    const { step, fly, now } = setUp();
    const [before] = fly(20);
    const latest = (now() - 50) / 5;
    const ages = Array.from({ length: 24 }, () => (step(null)[0] as Thing).x);
    expect(Math.max(...ages)).toBeGreaterThan(latest + 20);
    expect(Math.max(...ages)).toBeLessThanOrEqual(latest + 31);
    expect(before?.x).toBeLessThan(latest);
    expect(ages.at(-1)).toBeCloseTo(latest, 5);
  });

  it('spreads the first movement of an entity after a rest over one step, not over the whole rest', () => {
    const { step } = setUp();
    for (let count = 0; count < 20; count++) step([{ id: 1, x: 0 }]);
    for (let count = 0; count < 5; count++) step(null);
    const first = step([{ id: 1, x: 10 }])[0] as Thing;
    expect(first.x).toBeLessThanOrEqual(10);
    expect((step([{ id: 1, x: 20 }])[0] as Thing).x).toBeGreaterThan(5);
  });

  it('continues the motion from the earlier states when two successive syncs have the same time', () => {
    const { step, fly, now } = setUp();
    fly(20);
    const x = now() / 5;
    step([{ id: 1, x }]);
    const [thing] = step([{ id: 1, x, hits: 1 }], now() - 50);
    expect(thing?.x).toBeCloseTo((now() - 58) / 5, 0);
  });

  it('displays no entity before the first state', () => {
    const { things, off } = setUp();
    expect(things.sample()).toEqual([]);
    expect(things.time).toBeUndefined();
    things.stop();
    expect(off).toHaveBeenCalledTimes(1);
  });
});
