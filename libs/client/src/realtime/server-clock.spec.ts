import { ServerClock } from './server-clock.js';

/** Reports a server time to the clock every 50 ms, for `forMs`. Returns the local time at the end. */
function run(clock: ServerClock, from: number, forMs: number, delayOf: (at: number) => number, rate = 1, stopped = 0): number {
  for (let at = from; at < from + forMs; at += 50) clock.take(1_000_000 + at * rate - stopped, at + delayOf(at));
  return from + forMs;
}

describe("the client's estimate of the server clock", () => {
  it('is computed from the syncs with the smallest delay', () => {
    const clock = new ServerClock();
    expect(clock.isSet).toBe(false);
    const now = run(clock, 0, 5_000, (at) => 30 + ((at * 7) % 90));
    expect(clock.at(now)).toBeCloseTo(1_000_000 + now - 30, -1);
    expect(clock.localTimeOf(1_000_000 + now)).toBeCloseTo(now + 30, -1);
    expect(clock.latenessMs(1)).toBeGreaterThan(70);
  });

  it('follows a server clock that runs faster than the local clock', () => {
    const clock = new ServerClock();
    const now = run(clock, 0, 600_000, (at) => 30 + ((at * 7) % 40), 1.0002);
    expect(Math.abs(clock.at(now) - (1_000_000 + now * 1.0002 - 30))).toBeLessThan(10);
  });

  it('is not changed by a message that the network delayed by 300 ms', () => {
    const clock = new ServerClock();
    let now = run(clock, 0, 3_000, () => 30);
    clock.take(1_000_000 + now, now + 330);
    expect(clock.at(now + 330)).toBeCloseTo(1_000_000 + now + 300, 0);
    now = run(clock, now + 350, 1_000, () => 30);
    expect(clock.at(now)).toBeCloseTo(1_000_000 + now - 30, 0);
  });

  it('changes slowly after a larger delay, and immediately after a smaller delay', () => {
    const clock = new ServerClock();
    let now = run(clock, 0, 3_000, () => 30);
    now = run(clock, now, 20_000, () => 90);
    expect(clock.at(now)).toBeCloseTo(1_000_000 + now - 90, -1);
    now = run(clock, now, 100, () => 20);
    expect(clock.at(now)).toBeCloseTo(1_000_000 + now - 20, 0);
  });

  it('follows a room time that stopped for two seconds', () => {
    const clock = new ServerClock();
    let now = run(clock, 0, 3_000, () => 30);
    now = run(clock, now + 2_000, 200, () => 30, 1, 2_000);
    expect(clock.at(now)).toBeCloseTo(1_000_000 + now - 2_030, 0);
  });
});
