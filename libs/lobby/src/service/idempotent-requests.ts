import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { sleep } from '#libs/async';
import { HoldfastError } from '#libs/protocol';
import { RedisConnections, RedisLease, redisName } from '#libs/redis';

/** Time for which the result of a request is stored, in ms: one day, so that a service can repeat a request after a downtime of a night. */
const KEPT_MS = 86_400_000;
/** TTL of the lease on the work, in ms. When the lobby of a request dies, another lobby can continue the request after this time. */
const LEASE_MS = 3_000;
/** Maximum time in ms for which a repeated request waits for the work of another lobby. */
const WAIT_MS = 10_000;
/** Time in ms between two reads of the result. */
const POLL_MS = 50;

/** A request that a service may repeat. */
export interface IdempotentRequest<Plan> {
  /** The idempotency key of the service. All repeats of a request have the same key, and no other request has this key. */
  readonly key: string;
  /** The content of the request. A request with the same key and different content is refused. */
  readonly content: unknown;
  /** Chooses the values that all runs of the request share, such as the id of a new room. Does not change any data. */
  plan(): Promise<Plan>;
}

/**
 * Executes a request of a service only once, even if the service repeats it. The first run stores its plan before it changes data. A run
 * after a crash has the same plan, so a repeated step has no further effect. The result is stored with a TTL, and every later repeat gets
 * the stored result. A refusal is not stored, because it has changed no data. A repeat after a refusal is executed again.
 */
@Injectable()
export class IdempotentRequests {
  constructor(private readonly redis: RedisConnections) {}

  /**
   * @param work must be safe to run twice with the same plan, also at the same time
   * @throws `key-reused` when the key belongs to a request with other content, `busy` when the work of another lobby takes too long, or the
   *   error of `work`
   */
  async run<Plan, Result>(request: IdempotentRequest<Plan>, work: (plan: Plan) => Promise<Result>): Promise<Result> {
    const { commands } = this.redis;
    const name = redisName(`service:{${sha256(request.key)}}`);
    const plan = await this.planOf(name, request);
    const lease = new RedisLease(this.redis, `${name}:lease`, LEASE_MS);
    const deadline = performance.now() + WAIT_MS;
    for (;;) {
      const stored = await commands.get(`${name}:result`);
      if (stored !== null) return JSON.parse(stored) as Result;
      let result: Result | undefined;
      const isDone = await lease.run(async () => {
        // Reads again, because the previous holder of the lease may have stored its result after the first read.
        const again = await commands.get(`${name}:result`);
        result = again === null ? await this.store(name, await work(plan)) : (JSON.parse(again) as Result);
      });
      if (isDone) return result as Result;
      if (performance.now() > deadline)
        throw new HoldfastError('busy', 'This request is being carried out. Repeat it later with the same key.');
      await sleep(POLL_MS);
    }
  }

  /** Returns the stored plan of the request. If there is no plan, stores a new plan. */
  private async planOf<Plan>(name: string, { content, plan }: IdempotentRequest<Plan>): Promise<Plan> {
    const { commands } = this.redis;
    const digest = sha256(JSON.stringify(content));
    let stored = await commands.get(name);
    if (stored === null) {
      const mine = JSON.stringify({ digest, plan: await plan() });
      stored = (await commands.set(name, mine, 'PX', KEPT_MS, 'NX')) === null ? await commands.get(name) : mine;
    }
    const known = JSON.parse(stored ?? 'null') as { digest: string; plan: Plan } | null;
    if (known === null) throw new HoldfastError('busy');
    if (known.digest !== digest) throw new HoldfastError('key-reused');
    return known.plan;
  }

  /**
   * Stores the result, unless another run has already stored its result. Returns the stored result, so that all repeats get the same
   * result.
   */
  private async store<Result>(name: string, result: Result): Promise<Result> {
    const { commands } = this.redis;
    const isMine = (await commands.set(`${name}:result`, JSON.stringify(result), 'PX', KEPT_MS, 'NX')) !== null;
    const stored = isMine ? null : await commands.get(`${name}:result`);
    return stored === null ? result : (JSON.parse(stored) as Result);
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
