import fc from 'fast-check';
import { type GameServerLoad, StabilisedWish, wantedServers } from './wanted-servers.js';

const SCALE = { upAtPercent: 75, downAtPercent: 40 };
const open = (...rooms: number[]): GameServerLoad[] => rooms.map((count) => ({ rooms: count, capacity: 100, status: 'open' }));

describe('how many game servers are wanted', () => {
  it.each<[string, GameServerLoad[], number]>([
    ['one, when there are none', [], 1],
    ['one, when one is idle', open(0), 1],
    ['one of three idle ones', open(0, 0, 0), 1],
    ['as many as there are, between the thresholds', open(50, 50), 2],
    ['as many as there are, at the upper threshold', open(75, 75), 2],
    ['more, above the upper threshold', open(80, 80), 3],
    ['one more, one room above the upper threshold', open(75, 76), 3],
    ['many more, for a full fleet', open(100, 100, 100, 100), 7],
    ['as many as there are, at the lower threshold', open(40, 40, 40), 3],
    ['fewer, below the lower threshold', open(30, 30, 30, 30), 3],
    ['no fewer, when one less would exceed the middle', open(39, 39), 2],
    ['including cordoned servers, but not their rooms', [...open(50), { rooms: 90, capacity: 100, status: 'cordoned' }], 2],
    ['including the rooms of leaving servers, but not those servers', [...open(50), { rooms: 50, capacity: 100, status: 'leaving' }], 2],
    ['as many as there are, when none has reported its capacity', [{ rooms: 0, capacity: 0, status: 'open' }], 1],
    ['one more, when all are cordoned', [{ rooms: 9, capacity: 100, status: 'cordoned' }], 2],
  ])('is %s', (_, servers, wanted) => {
    expect(wantedServers(servers, SCALE)).toBe(wanted);
  });

  it('is stable: a fleet of the wanted size does not want fewer', () => {
    const loads = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(loads, (rooms) => {
        const wanted = wantedServers(open(...rooms), SCALE);
        const taken = rooms.reduce((total, count) => total + count, 0);
        const each = Math.floor(taken / wanted);
        const spread = Array.from({ length: wanted }, (_, index) => each + (index < taken % wanted ? 1 : 0));
        const grew = wanted > rooms.length;
        const next = wantedServers(open(...spread), SCALE);
        expect(grew ? next >= wanted : next <= wanted).toBe(true);
      }),
    );
  });
});

describe('the stabilized number of wanted servers', () => {
  it('grows at once', () => {
    const wish = new StabilisedWish(100);
    expect(wish.add(2, 2, 0)).toBe(2);
    expect(wish.add(5, 2, 1)).toBe(5);
  });

  it('shrinks only after a whole window in which fewer were enough', () => {
    const wish = new StabilisedWish(100);
    wish.add(5, 5, 0);
    expect(wish.add(5, 5, 150)).toBe(5);
    expect(wish.add(3, 5, 151)).toBe(5);
    expect(wish.add(2, 5, 200)).toBe(5);
    expect(wish.add(2, 5, 251)).toBe(3);
    expect(wish.add(2, 3, 301)).toBe(2);
  });

  it('restarts its window with each larger number', () => {
    const wish = new StabilisedWish(100);
    wish.add(4, 4, 0);
    wish.add(2, 4, 90);
    wish.add(4, 4, 150);
    expect(wish.add(2, 4, 240)).toBe(4);
    expect(wish.add(2, 4, 251)).toBe(2);
  });

  it('does not shrink before the first window is over', () => {
    const wish = new StabilisedWish(100);
    expect(wish.add(1, 4, 0)).toBe(4);
    expect(wish.add(1, 4, 99)).toBe(4);
    expect(wish.add(1, 4, 100)).toBe(1);
  });
});
