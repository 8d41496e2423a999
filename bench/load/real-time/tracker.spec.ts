import { move } from '../../real-time/world.js';
import { Tracker } from './tracker.js';

jest.mock('../../tools.js', () => ({ nowMs: () => now }));

let now = 0;
let tracker: Tracker;
let ship: { x: number; y: number };

beforeEach(() => {
  now = 0;
  tracker = new Tracker();
  ship = { x: 300, y: 300 };
  tracker.saw(ship);
});

function step(direction: number, ms = 50): void {
  now += ms;
  move(ship, direction);
  tracker.saw(ship);
}

describe('the tracker of a ship in the benchmarks', () => {
  it('measures the deviation of the time between two steps from the length of a step', () => {
    step(0);
    step(0, 57);
    step(0, 43);
    expect(tracker.jittersMs).toEqual([0, 7, 7]);
  });

  it('does not count the steps of a ship at rest', () => {
    now += 20;
    tracker.saw(ship);
    expect(tracker.jittersMs).toEqual([]);
  });

  it('measures the time from a turn to the first state that shows the turn', () => {
    now = 1_000;
    const before = tracker.direction;
    expect(tracker.turn(now)).toBe(true);
    step(before);
    expect(tracker.latenciesMs).toEqual([]);
    step(tracker.direction);
    step(tracker.direction);
    expect(tracker.latenciesMs).toEqual([100]);
  });

  it('turns the ship again only after a state has shown the last turn', () => {
    now = 1_000;
    expect(tracker.turn(now)).toBe(true);
    now = 10_000;
    expect(tracker.turn(now)).toBe(false);
    step(tracker.direction);
    expect(tracker.turn(now)).toBe(false);
    now += 1_000;
    expect(tracker.turn(now)).toBe(true);
  });
});
