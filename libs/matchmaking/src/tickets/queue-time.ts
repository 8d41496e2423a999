import { QUEUE_STEP_MS_MAX } from './matchmaking.options.js';

/**
 * The clock of a queue, in ms. It runs only while a lobby is the runner of the game, at the rate of this lobby's monotonic clock. The
 * runner stores the time, and the next runner continues from the stored time. So a change of Redis' clock does not change the ages of
 * tickets, and no ticket expires while no lobby runs.
 *
 * A runner reads the time several times a second. A longer gap between two reads means that the runner was suspended or busy. Such a gap
 * advances the queue time by only `QUEUE_STEP_MS_MAX`.
 */
export class QueueTime {
  private time: number;
  private readAt: number;

  constructor(
    stored: number,
    private readonly monotonic: () => number = () => performance.now(),
  ) {
    this.time = stored;
    this.readAt = monotonic();
  }

  now(): number {
    const at = this.monotonic();
    this.time += Math.min(at - this.readAt, QUEUE_STEP_MS_MAX);
    this.readAt = at;
    return this.time;
  }
}
