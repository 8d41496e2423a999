/** Number of time slots of the minimum filter. The filter covers the time of all slots together. */
const SLOTS = 8;
/** Length of one time slot of the minimum filter, in ms. */
const SLOT_MS = 1_000;
/**
 * Error in ms above which an offset that is too small is corrected at once. For a smaller error, the clock runs slower. RFC 5905 also uses
 * 128 ms.
 */
const STEP_OVER_MS = 128;
/** Lateness of a sync in ms above which the room time must have stopped, because a connection rarely delays a message for so long. */
const STOPPED_MS = 800;
/** Maximum correction of the clock, as a fraction of the elapsed time. */
const SLEW = 0.02;
/** Number of latest samples from which the jitter is measured. At 20 Hz, they cover some three seconds. */
const JITTER_SAMPLES = 64;

/**
 * The time of the room, estimated from the times in syncs.
 *
 * The network and the timers of the browser can only delay a sync. So the sync with the smallest delay of the last seconds shows the offset
 * between both clocks. The clock filter of NTP also selects the sample with the lowest delay (RFC 5905, section 10). The window of the
 * minimum slides, so that the clock follows drift and a changed network path. The clock adopts a smaller minimum at once, because a smaller
 * delay cannot be an error. When the minimum grows, the clock runs slower until the error is gone. The clock corrects a large error at
 * once.
 *
 * @example
 * const clock = new ServerClock();
 * clock.take(sync.time, performance.now());
 * const roomTime = clock.at(performance.now());
 */
export class ServerClock {
  /** The smallest delay of each slot: local time of the arrival minus room time, in ms. Newest last. */
  private slots: { readonly start: number; min: number }[] = [];
  /** Local time minus room time, in ms. */
  private offset = Number.NaN;
  private slewedAt = 0;
  private readonly lateness: number[] = [];
  private next = 0;

  /** False until the clock has its first sample. */
  get isSet(): boolean {
    return !Number.isNaN(this.offset);
  }

  /** Adjusts the clock to a sync with this room time that arrived at the local time `now`, both in ms. */
  take(roomTime: number, now: number): void {
    const delay = now - roomTime;
    if (delay - this.offset > STOPPED_MS) this.slots = [];
    let slot = this.slots.at(-1);
    if (!slot || now - slot.start >= SLOT_MS) {
      slot = { start: now, min: delay };
      this.slots.push(slot);
      this.forget(now);
    }
    slot.min = Math.min(slot.min, delay);
    this.slew(now);
    this.lateness[this.next] = Math.max(delay - this.offset, 0);
    this.next = (this.next + 1) % JITTER_SAMPLES;
  }

  /**
   * Returns the room time of a sync that arrives at the local time `now` with the smallest delay. The current room time at the server is
   * later by the one-way latency, which is about half of the round trip.
   */
  at(now: number): number {
    return now - this.offset;
  }

  /** Returns the local time at which a sync of this room time would arrive with the smallest delay. */
  localTimeOf(roomTime: number): number {
    return roomTime + this.offset;
  }

  /**
   * Returns a quantile of the lateness of the latest syncs, in ms. The lateness of a sync is its delay minus the smallest delay.
   * @param part the fraction of the syncs that were at most this late, from 0 to 1
   */
  latenessMs(part: number): number {
    if (this.lateness.length === 0) return 0;
    const sorted = [...this.lateness].sort((a, b) => a - b);
    return sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)] as number;
  }

  private forget(now: number): void {
    this.slots = this.slots.filter(({ start }) => now - start < SLOTS * SLOT_MS);
    // Forgets older slots when all syncs of a whole slot were late. In this case, the room had no server for a while, or the local clock
    // was set.
    const last = this.slots.at(-2);
    if (last && last.min - Math.min(...this.slots.map(({ min }) => min)) > STEP_OVER_MS) this.slots = this.slots.slice(-2);
  }

  private slew(now: number): void {
    const target = Math.min(...this.slots.map(({ min }) => min));
    const error = target - this.offset;
    const limit = Math.max(now - this.slewedAt, 0) * SLEW;
    this.slewedAt = now;
    if (this.isSet && error <= STEP_OVER_MS) this.offset += Math.min(error, limit);
    else {
      this.offset = target;
      this.lateness.length = 0;
      this.next = 0;
    }
  }
}
