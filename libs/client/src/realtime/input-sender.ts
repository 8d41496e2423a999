import type { RoomFeed } from './room-feed.js';

/** An unchanged input is repeated after this time, in ms. The repeat measures the round trip, and replaces an input that was lost. */
const KEEPALIVE_MS = 1_000;
/** Maximum number of remembered round trips. Older ones are dropped. */
const ROUND_TRIPS = 8;
/** Maximum number of unanswered inputs whose time is remembered, so that a silent server does not fill the memory. */
const UNANSWERED_MAX = 128;

/**
 * Numbers the inputs of a seat and sends them: each change, and the unchanged input once per second. A sync names the number of an input,
 * and answers all inputs up to that number.
 */
export class InputSender {
  private number = 0;
  private answered = 0;
  private sentAt = Number.NEGATIVE_INFINITY;
  private unanswered: { readonly number: number; readonly at: number }[] = [];
  private roundTrips: number[] = [];

  constructor(private readonly feed: Pick<RoomFeed, 'sendInput'>) {}

  /** True when the unchanged input should be repeated at the local time `now`, in ms. */
  isDue(now: number): boolean {
    return now - this.sentAt >= KEEPALIVE_MS;
  }

  /** Lets the unchanged input be sent again immediately, because the server may not have it. */
  repeat(): void {
    this.sentAt = Number.NEGATIVE_INFINITY;
  }

  /** Sends an input, and returns its number. */
  send(data: unknown, now: number): number {
    this.number += 1;
    this.sentAt = now;
    this.unanswered.push({ number: this.number, at: now });
    if (this.unanswered.length > UNANSWERED_MAX) this.unanswered.shift();
    this.feed.sendInput(this.number, data);
    return this.number;
  }

  /** Handles the input number of a sync that arrived at the local time `now`, in ms. */
  answer(number: number, now: number): void {
    // After a reload, the server may have a higher number than this page, which continues from there. After a rewind, the server has a
    // lower number: it has lost inputs, so the current input is sent again. The numbers never go back.
    this.number = Math.max(this.number, number);
    if (number < this.answered) this.repeat();
    const latest = this.unanswered.findLast((input) => input.number === number);
    if (latest && number > this.answered) this.roundTrips = [...this.roundTrips.slice(1 - ROUND_TRIPS), now - latest.at];
    this.answered = number;
    this.unanswered = this.unanswered.filter((input) => input.number > number);
  }

  /**
   * The shortest of the remembered round trips, in ms. A round trip lasts from the sending of an input to the arrival of the sync that
   * contains it, and includes the wait for the next step. Undefined: no answer has arrived.
   */
  get roundTripMs(): number | undefined {
    return this.roundTrips.length === 0 ? undefined : Math.min(...this.roundTrips);
  }
}
