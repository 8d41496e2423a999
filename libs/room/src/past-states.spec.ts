import { PastStates } from './past-states.js';

describe('PastStates', () => {
  it('returns the state that was current at the given time', () => {
    const past = new PastStates(1_000, 'a', 100);
    past.add('b', 150);
    past.add('c', 200);
    expect([100, 149, 150, 199, 200, 900].map((time) => past.at(time))).toEqual(['a', 'a', 'b', 'b', 'c', 'c']);
  });

  it('returns the oldest state for a time before all states', () => {
    const past = new PastStates(1_000, 'a', 100);
    past.add('b', 150);
    expect(past.at(99)).toBe('a');
  });

  it('keeps the last of several states with the same start time', () => {
    const past = new PastStates(1_000, 'a', 100);
    for (const state of ['b', 'c']) past.add(state, 150);
    expect([past.at(149), past.at(150)]).toEqual(['a', 'c']);
  });

  it('forgets a state that ended before the stored time span', () => {
    const past = new PastStates(100, 0, 0);
    for (let step = 1; step <= 10; step++) past.add(step, step * 50);
    // The last state began at 500 ms, so the stored time span begins at 400 ms. State 8 began at this time, so it is the oldest one.
    expect([past.at(0), past.at(400), past.at(449), past.at(450)]).toEqual([8, 8, 8, 9]);
  });

  it('keeps the state from the beginning of the stored time span, however old the state is', () => {
    const past = new PastStates(100, 'a', 0);
    past.add('b', 5_000);
    expect(past.at(4_999)).toBe('a');
  });

  it('keeps at most 256 states', () => {
    const past = new PastStates(1_000, 0, 0);
    for (let change = 1; change <= 300; change++) past.add(change, change);
    expect([past.at(0), past.at(45), past.at(46)]).toEqual([45, 45, 46]);
  });

  it('contains only one state after `restart`', () => {
    const past = new PastStates(1_000, 'a', 100);
    past.add('b', 150);
    past.restart('a', 170);
    expect([past.at(0), past.at(900)]).toEqual(['a', 'a']);
  });
});
