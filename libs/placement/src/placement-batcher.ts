import type { RedisClient } from '#libs/redis';
import { type Choice, type ChoiceRequest, type ChoiceTerms, choose } from './scripts/place.js';

/** Maximum number of rooms in one call. A call with this many rooms blocks Redis for about half a millisecond. */
const ROOMS_MAX = 64;
/**
 * Maximum number of concurrent calls: Redis executes one of the two calls, and the other call is ready when Redis finishes. Further
 * requests wait and share the next call. So when there are many requests, one call places more rooms, which takes less CPU time per room.
 */
const CALLS_MAX = 2;

interface PendingChoice {
  readonly request: ChoiceRequest;
  readonly resolve: (choice: Choice | null) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends the requests of one event-loop tick in one call of a script, because the overhead of one call equals the cost of placing several
 * rooms.
 */
export class PlacementBatcher {
  private readonly pending: PendingChoice[] = [];
  private calls = 0;
  private isFlushDue = false;

  constructor(
    private readonly client: RedisClient,
    private readonly terms: ChoiceTerms,
  ) {}

  /**
   * Chooses a server for a room. Null: no server is eligible. Rejects when Redis does not answer. Redis may have chosen a server
   * nevertheless. A repeated request then returns this server.
   */
  choose(request: ChoiceRequest): Promise<Choice | null> {
    return new Promise((resolve, reject) => {
      this.pending.push({ request, resolve, reject });
      this.flushSoon();
    });
  }

  private flushSoon(): void {
    if (this.isFlushDue) return;
    this.isFlushDue = true;
    setImmediate(() => {
      this.isFlushDue = false;
      while (this.calls < CALLS_MAX && this.pending.length > 0) void this.send(this.pending.splice(0, ROOMS_MAX));
    });
  }

  private async send(batch: readonly PendingChoice[]): Promise<void> {
    this.calls += 1;
    try {
      const requests = batch.map(({ request }) => request);
      const choices = await choose(this.client, requests, this.terms);
      for (const [index, { resolve }] of batch.entries()) resolve(choices[index]!);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      this.calls -= 1;
      if (this.pending.length > 0) this.flushSoon();
    }
  }
}
