import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { defer, lastValueFrom, type Observable } from 'rxjs';
import { sleep } from '#libs/async';
import { RedisConnections } from '#libs/redis';
import { StoreGeneration } from '#libs/room-store';
import { POLL_MS, SETTLE_WAIT_MS } from './settlement.options.js';
import { StoreSettlement } from './store-settlement.js';

/**
 * Repeats a whole request when the store was restarted or failed over during the request. The store has then perhaps lost the first writes
 * of the request, but not the later ones. The second run waits until the store is settled. A second run is safe, because requests are
 * idempotent.
 *
 * Throws `unavailable` when the store is not settled within `SETTLE_WAIT_MS`.
 */
@Injectable()
export class FallbackInterceptor implements NestInterceptor {
  constructor(
    private readonly generation: StoreGeneration,
    private readonly settlement: StoreSettlement,
    private readonly redis: RedisConnections,
  ) {}

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return defer(() => this.run(next));
  }

  private async run(next: CallHandler): Promise<unknown> {
    const deadline = performance.now() + SETTLE_WAIT_MS;
    for (;;) {
      const began = this.generation.current;
      const outcome = await lastValueFrom(next.handle(), { defaultValue: undefined }).then(
        (value: unknown) => ({ isDone: true, value }) as const,
        (error: unknown) => ({ isDone: false, error }) as const,
      );
      const { current } = this.generation;
      const isOver = began === null || current === began || (current === null && outcome.isDone);
      if (isOver || performance.now() >= deadline) {
        if (outcome.isDone) return outcome.value;
        throw outcome.error;
      }
      // Waits for the connection first, because without a connection `whenSettled` throws immediately.
      while (!this.redis.isReady && performance.now() < deadline) await sleep(POLL_MS);
      await this.settlement.whenSettled(Math.max(0, deadline - performance.now()));
    }
  }
}
