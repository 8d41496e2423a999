import { QUEUE_STEP_MS_MAX } from './matchmaking.options.js';

/**
 * The time of a queue, in ms: it runs only while a lobby runs the rounds of the game, at the pace of that lobby's monotonic clock. The
 * runner stores it, and the next runner continues from there. So ages of tickets never jump when the clock of Redis is set, and no ticket
 * expires while no lobby runs.
 *
 * A runner reads the time several times a second. A longer gap between two reads is a pause of the runner, such as a suspended process,
 * and counts as `QUEUE_STEP_MS_MAX`.
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
