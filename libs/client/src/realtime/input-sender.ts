import type { RoomFeed } from './room-feed.js';

/** Interval in ms at which an unchanged player input is sent again. The repeat measures the round trip, and replaces a lost input. */
const KEEPALIVE_MS = 1_000;
/** Number of latest round trips that are remembered. */
const ROUND_TRIPS = 8;
/** Maximum number of unanswered player inputs whose send time is remembered. The limit bounds the memory when the server is silent. */
const UNANSWERED_MAX = 128;

/**
 * Numbers the player inputs of a seat. Sends each changed input, and repeats an unchanged input once per second. A sync contains the number
 * of an input, and answers all inputs up to this number.
 */
export class InputSender {
  private number = 0;
  private answered = 0;
  private sentAt = Number.NEGATIVE_INFINITY;
  private unanswered: { readonly number: number; readonly at: number }[] = [];
  private roundTrips: number[] = [];

  constructor(private readonly feed: Pick<RoomFeed, 'sendInput'>) {}

  /** Returns true when it is time to send the unchanged player input again. `now`: local time, in ms. */
  isDue(now: number): boolean {
    return now - this.sentAt >= KEEPALIVE_MS;
  }

  /** Lets `isDue` return true immediately, because the server has perhaps not received the player input. */
  repeat(): void {
    this.sentAt = Number.NEGATIVE_INFINITY;
  }

  /** Sends a player input, and returns its number. */
  send(data: unknown, now: number): number {
    this.number += 1;
    this.sentAt = now;
    this.unanswered.push({ number: this.number, at: now });
    if (this.unanswered.length > UNANSWERED_MAX) this.unanswered.shift();
    this.feed.sendInput(this.number, data);
    return this.number;
  }

  /** Handles the number of the last player input in a sync that arrived at the local time `now`, in ms. */
  answer(number: number, now: number): void {
    // The server's input number is higher after a reload of this page. The page then continues from this number. The server's input number
    // is lower after a rewind, which loses inputs. The page then sends the current input again, with a new number.
    this.number = Math.max(this.number, number);
    if (number < this.answered) this.repeat();
    const latest = this.unanswered.findLast((input) => input.number === number);
    if (latest && number > this.answered) this.roundTrips = [...this.roundTrips.slice(1 - ROUND_TRIPS), now - latest.at];
    this.answered = number;
    this.unanswered = this.unanswered.filter((input) => input.number > number);
  }

  /**
   * The shortest of the remembered round trips, in ms. A round trip begins when a player input is sent. It ends when the sync that contains
   * the input arrives, so it includes the wait for the next step. Undefined: no answer has arrived.
   */
  get roundTripMs(): number | undefined {
    return this.roundTrips.length === 0 ? undefined : Math.min(...this.roundTrips);
  }
}
