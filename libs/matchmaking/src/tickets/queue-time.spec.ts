import { QUEUE_STEP_MS_MAX } from './matchmaking.options.js';
import { QueueTime } from './queue-time.js';

describe('QueueTime', () => {
  let monotonic = 0;
  let time: QueueTime;
  beforeEach(() => {
    monotonic = 5_000;
    time = new QueueTime(1_000_000, () => monotonic);
  });

  it('continues from the stored time at the pace of the monotonic clock', () => {
    expect(time.now()).toBe(1_000_000);
    for (let read = 1; read <= 100; read++) {
      monotonic += 250;
      expect(time.now()).toBe(1_000_000 + 250 * read);
    }
  });

  it('advances by at most `QUEUE_STEP_MS_MAX` while the runner is suspended', () => {
    for (const pauseMs of [QUEUE_STEP_MS_MAX + 1, 60_000, 86_400_000]) {
      const before = time.now();
      monotonic += pauseMs;
      expect(time.now()).toBe(before + QUEUE_STEP_MS_MAX);
      monotonic += 100;
      expect(time.now()).toBe(before + QUEUE_STEP_MS_MAX + 100);
    }
  });
});
