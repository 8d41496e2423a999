import fc from 'fast-check';
import { type GameServerLoad, StabilizationWindow, wantedServers } from './wanted-servers.js';

const SCALE = { upAtPercent: 75, downAtPercent: 40 };
const open = (...rooms: number[]): GameServerLoad[] => rooms.map((count) => ({ rooms: count, capacity: 100, status: 'open' }));

describe('the number of wanted game servers', () => {
  it.each<[string, GameServerLoad[], number]>([
    ['one when there is no server', [], 1],
    ['one for one idle server', open(0), 1],
    ['one for three idle servers', open(0, 0, 0), 1],
    ['the current number between the thresholds', open(50, 50), 2],
    ['the current number at the upper threshold', open(75, 75), 2],
    ['larger than the current number above the upper threshold', open(80, 80), 3],
    ['larger by one with one room above the upper threshold', open(75, 76), 3],
    ['much larger than the current number for a full fleet', open(100, 100, 100, 100), 7],
    ['the current number at the lower threshold', open(40, 40, 40), 3],
    ['smaller than the current number below the lower threshold', open(30, 30, 30, 30), 3],
    ['the current number when one server less would be above the middle of the thresholds', open(39, 39), 2],
    ['computed with the cordoned servers, but without their rooms', [...open(50), { rooms: 90, capacity: 100, status: 'cordoned' }], 2],
    [
      'computed with the rooms of leaving servers, but without those servers',
      [...open(50), { rooms: 50, capacity: 100, status: 'leaving' }],
      2,
    ],
    ['the current number when no server has reported its capacity', [{ rooms: 0, capacity: 0, status: 'open' }], 1],
    ['larger by one when all servers are cordoned', [{ rooms: 9, capacity: 100, status: 'cordoned' }], 2],
  ])('is %s', (_, servers, wanted) => {
    expect(wantedServers(servers, SCALE)).toBe(wanted);
  });

  it('never alternates between a rise and a fall while the number of rooms is constant', () => {
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

describe('the stabilized number of wanted game servers', () => {
  it('grows immediately when more servers are needed', () => {
    const window = new StabilizationWindow(100);
    expect(window.add(2, 2, 0)).toBe(2);
    expect(window.add(5, 2, 1)).toBe(5);
  });

  it('shrinks only when a smaller number was enough for the whole window', () => {
    const window = new StabilizationWindow(100);
    window.add(5, 5, 0);
    expect(window.add(5, 5, 150)).toBe(5);
    expect(window.add(3, 5, 151)).toBe(5);
    expect(window.add(2, 5, 200)).toBe(5);
    expect(window.add(2, 5, 251)).toBe(3);
    expect(window.add(2, 3, 301)).toBe(2);
  });

  it('shrinks only when a full window has passed since the last larger number', () => {
    const window = new StabilizationWindow(100);
    window.add(4, 4, 0);
    window.add(2, 4, 90);
    window.add(4, 4, 150);
    expect(window.add(2, 4, 240)).toBe(4);
    expect(window.add(2, 4, 251)).toBe(2);
  });

  it('does not shrink before the first window is over', () => {
    const window = new StabilizationWindow(100);
    expect(window.add(1, 4, 0)).toBe(4);
    expect(window.add(1, 4, 99)).toBe(4);
    expect(window.add(1, 4, 100)).toBe(1);
  });
});
