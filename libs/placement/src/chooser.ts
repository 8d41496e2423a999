import type { RedisClient } from '#libs/redis';
import { type Choice, type ChoiceRequest, type ChoiceTerms, choose } from './scripts/place.js';

/** Rooms in one call: Redis does nothing else meanwhile, which is half a millisecond; and the next call is made while it works. */
const ROOMS_MAX = 16;

interface Asked {
  readonly request: ChoiceRequest;
  readonly resolve: (choice: Choice | null) => void;
  readonly reject: (error: unknown) => void;
}

/** What is asked for in one turn of the loop is asked for in one call: a call costs as much as a choice or two. */
export class Chooser {
  private asked: Asked[] = [];

  constructor(
    private readonly client: RedisClient,
    private readonly terms: ChoiceTerms,
  ) {}

  /** Null: no server is willing. Rejects when Redis does not answer; what was chosen then, asking again finds out. */
  choose(request: ChoiceRequest): Promise<Choice | null> {
    return new Promise((resolve, reject) => {
      if (this.asked.length === 0) setImmediate(() => this.flush());
      this.asked.push({ request, resolve, reject });
    });
  }

  private flush(): void {
    const { asked } = this;
    this.asked = [];
    for (let first = 0; first < asked.length; first += ROOMS_MAX) void this.send(asked.slice(first, first + ROOMS_MAX));
  }

  private async send(asked: readonly Asked[]): Promise<void> {
    try {
      const requests = asked.map(({ request }) => request);
      const choices = await choose(this.client, requests, this.terms);
      for (const [index, { resolve }] of asked.entries()) resolve(choices[index]);
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }
}
