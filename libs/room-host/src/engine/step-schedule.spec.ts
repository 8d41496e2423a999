import * as fc from 'fast-check';
import { CATCH_UP_STEPS_MAX, type Stepper, StepSchedule } from './step-schedule.js';

/** A clock that only the test advances. Each step takes `costMs`. */
class FakeTime {
  clock = 1_000.25;
  costMs = 0;
  private timer: { at: number; run: () => void } | null = null;

  now(): number {
    return this.clock;
  }

  after(ms: number, run: () => void): () => void {
    // A timer of Node waits for at least 1 ms, and for a whole number of ms.
    const timer = { at: this.clock + Math.max(1, Math.trunc(ms)), run };
    this.timer = timer;
    return () => {
      if (this.timer === timer) this.timer = null;
    };
  }

  advance(ms: number): void {
    const until = this.clock + ms;
    while (this.timer && this.timer.at <= until) {
      const { at, run } = this.timer;
      this.timer = null;
      this.clock = Math.max(this.clock, at);
      run();
    }
    this.clock = Math.max(this.clock, until);
  }

  /** Advances the clock without firing timers, as for a suspended process. */
  suspend(ms: number): void {
    this.clock += ms;
  }
}

class Recorder implements Stepper {
  readonly at: number[] = [];
  droppedSteps = 0;
  lateSteps = 0;

  constructor(
    private readonly time: FakeTime,
    private readonly onStep: () => void = () => {},
  ) {}

  step(): void {
    this.at.push(this.time.clock);
    this.time.clock += this.time.costMs;
    this.onStep();
  }

  dropped(steps: number): void {
    this.droppedSteps += steps;
  }

  late(): void {
    this.lateSteps += 1;
  }
}

describe('StepSchedule', () => {
  it('runs exactly 12,000 steps in ten minutes at 20 Hz', () => {
    const time = new FakeTime();
    const schedule = new StepSchedule(time);
    const room = new Recorder(time);
    schedule.add(room, 20);
    const beganAt = time.clock;
    time.advance(600_000);
    expect(room.at.length).toBe(12_000);
    const first = room.at[0];
    expect(first - beganAt).toBeLessThanOrEqual(50);
    for (const [index, at] of room.at.entries()) expect(Math.abs(at - (first + index * 50))).toBeLessThanOrEqual(1.01);
  });

  it('keeps a step rate whose period is not a whole number of ms', () => {
    const time = new FakeTime();
    const schedule = new StepSchedule(time);
    const room = new Recorder(time);
    schedule.add(room, 60);
    time.advance(60_000);
    expect(Math.abs(room.at.length - 3_600)).toBeLessThanOrEqual(1);
  });

  it('spreads the steps of several rooms over the period', () => {
    const time = new FakeTime();
    const schedule = new StepSchedule(time);
    const rooms = Array.from({ length: 500 }, () => new Recorder(time));
    for (const room of rooms) schedule.add(room, 20);
    time.advance(50);
    const atOnce = new Map<number, number>();
    for (const { at } of rooms) atOnce.set(at[0], (atOnce.get(at[0]) ?? 0) + 1);
    expect(rooms.every(({ at }) => at.length === 1)).toBe(true);
    expect(atOnce.size).toBeGreaterThanOrEqual(24);
    expect(Math.max(...atOnce.values())).toBeLessThan(45);
  });

  it('runs missed steps late up to a limit, and drops older missed steps', () => {
    const time = new FakeTime();
    const schedule = new StepSchedule(time);
    const room = new Recorder(time);
    schedule.add(room, 20);
    time.advance(1_000);
    expect([room.at.length, room.lateSteps, room.droppedSteps]).toEqual([20, 0, 0]);
    time.suspend(150);
    time.advance(50);
    expect([room.at.length, room.droppedSteps]).toEqual([24, 0]);
    expect(room.lateSteps).toBeGreaterThanOrEqual(2);
    time.suspend(1_000);
    time.advance(100);
    expect(room.at.length + room.droppedSteps).toBe(46);
    expect(room.droppedSteps).toBeGreaterThanOrEqual(20 - CATCH_UP_STEPS_MAX - 2);
    const [first] = room.at;
    expect(Math.abs(((room.at.at(-1) as number) - first) % 50)).toBeLessThanOrEqual(1.01);
  });

  it('drops steps when the steps take too long, so that a room is only a few steps behind', () => {
    const time = new FakeTime();
    const schedule = new StepSchedule(time);
    const rooms = [new Recorder(time), new Recorder(time)];
    for (const room of rooms) schedule.add(room, 20);
    time.costMs = 40;
    time.advance(60_000);
    for (const room of rooms) {
      expect(Math.abs(room.at.length + room.droppedSteps - 1_200)).toBeLessThanOrEqual(CATCH_UP_STEPS_MAX + 2);
      expect(room.droppedSteps).toBeGreaterThan(300);
      expect(room.at.length).toBeGreaterThan(600);
    }
  });

  it('runs no step of a removed room, even when the step of another room removed the room', () => {
    const time = new FakeTime();
    const schedule = new StepSchedule(time);
    const other = new Recorder(time);
    const own: Recorder = new Recorder(time, () => {
      schedule.remove(own);
      schedule.remove(other);
    });
    const rest = new Recorder(time);
    schedule.add(own, 20);
    schedule.add(other, 1);
    schedule.add(rest, 20);
    time.advance(500);
    expect([own.at.length, other.at.length, rest.at.length]).toEqual([1, 0, 10]);
  });

  it('runs the steps of each room at its rate while other rooms are added and removed', () => {
    return fc.assert(
      fc.property(
        fc.array(fc.record({ hz: fc.integer({ min: 1, max: 60 }), atMs: fc.nat(900), forMs: fc.nat(2_000) }), { maxLength: 30 }),
        (plans) => {
          const time = new FakeTime();
          const schedule = new StepSchedule(time);
          const rooms = plans.map(() => new Recorder(time));
          const events = plans.flatMap(({ hz, atMs, forMs }, index) => [
            { at: atMs, act: () => schedule.add(rooms[index], hz) },
            { at: atMs + forMs, act: () => schedule.remove(rooms[index]) },
          ]);
          let clock = 0;
          for (const { at, act } of events.sort((a, b) => a.at - b.at)) {
            time.advance(at - clock);
            clock = at;
            act();
          }
          time.advance(1_000);
          for (const [index, { hz, forMs }] of plans.entries())
            expect(Math.abs(rooms[index].at.length - (forMs * hz) / 1_000)).toBeLessThanOrEqual(1 + (1.01 * hz) / 1_000);
        },
      ),
    );
  });
});
