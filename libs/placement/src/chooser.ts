import type { RedisClient } from '#libs/redis';
import { type Choice, type ChoiceRequest, type ChoiceTerms, choose } from './scripts/place.js';

/** Rooms in one call: Redis does nothing else meanwhile, which is half a millisecond. */
const ROOMS_MAX = 64;
/**
 * Calls under way: one that Redis works on, and one that it finds when it has done that. What is asked for meanwhile goes in
 * the next: the more there is to do, the more rooms share a call, and the less each costs.
 */
const CALLS_MAX = 2;

interface Asked {
  readonly request: ChoiceRequest;
  readonly resolve: (choice: Choice | null) => void;
  readonly reject: (error: unknown) => void;
}

/** What is asked for in one turn of the loop is asked for in one call: a call costs as much as several rooms in it. */
export class Chooser {
  private readonly asked: Asked[] = [];
  private calls = 0;
  private isFlushDue = false;

  constructor(
    private readonly client: RedisClient,
    private readonly terms: ChoiceTerms,
  ) {}

  /** Null: no server is willing. Rejects when Redis does not answer; what was chosen then, asking again finds out. */
  choose(request: ChoiceRequest): Promise<Choice | null> {
    return new Promise((resolve, reject) => {
      this.asked.push({ request, resolve, reject });
      this.flushSoon();
    });
  }

  private flushSoon(): void {
    if (this.isFlushDue) return;
    this.isFlushDue = true;
    setImmediate(() => {
      this.isFlushDue = false;
      while (this.calls < CALLS_MAX && this.asked.length > 0) void this.send(this.asked.splice(0, ROOMS_MAX));
    });
  }

  private async send(asked: readonly Asked[]): Promise<void> {
    this.calls += 1;
    try {
      const requests = asked.map(({ request }) => request);
      const choices = await choose(this.client, requests, this.terms);
      for (const [index, { resolve }] of asked.entries()) resolve(choices[index]);
    } catch (error) {
      for (const { reject } of asked) reject(error);
    } finally {
      this.calls -= 1;
      if (this.asked.length > 0) this.flushSoon();
    }
  }
}
