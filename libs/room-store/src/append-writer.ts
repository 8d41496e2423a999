import { Redis } from 'ioredis';
import type { RedisConnections } from '#libs/redis';
import type { Append, WriteResult } from './append.js';
import { type AppendCall, callsOf, codesOf } from './append-calls.js';
import { execWithin, PIPELINE_TIMEOUT_MS } from './exec-within.js';
import type { ReplicatedWrites } from './replicated-writes.js';
import type { RoomStoreOptions } from './room-store.options.js';

/** Sends the appends of one event-loop tick in a few calls, and returns the result of each append. */
export class AppendWriter {
  constructor(
    private readonly redis: RedisConnections,
    private readonly options: RoomStoreOptions,
    private readonly writes: ReplicatedWrites,
  ) {}

  /** Returns the result of each append, in order. Never rejects: the result of an append without an answer is `unknown`. */
  async writeAll(appends: readonly Append[]): Promise<WriteResult[]> {
    const client = this.redis.appends;
    if (!(client instanceof Redis)) {
      const calls = callsOf(appends, 1);
      const results = calls.map((call) =>
        this.writes.result(
          call.script.run(client, call.keys, call.args).then((answer) => codesOf(call, answer)[0]),
          WRITE_RESULTS,
        ),
      );
      return inOrder(appends, calls, await Promise.all(results.map(async (result) => [await result])));
    }
    const calls = callsOf(appends);
    const results = await this.call(client, calls);
    // A script stops at the first append that fails in Redis, so all appends of its call are repeated one by one. An append that was
    // already stored gets the result `ok`.
    const broken = calls.filter((call, index) => results[index] === null && call.appends.length > 1);
    const single = broken.flatMap((call) => call.appends.map((index) => appends[index]!));
    const again = single.length > 0 ? await this.call(client, callsOf(single, 1)) : [];
    let next = 0;
    return inOrder(
      appends,
      calls,
      calls.map(
        (call, index) => results[index] ?? call.appends.map(() => (call.appends.length > 1 ? again[next++]?.[0] : null) ?? 'unknown'),
      ),
    );
  }

  /**
   * Returns the results of the appends of each call. Null: Redis answered the call with an error, so its appends must be repeated one by
   * one.
   */
  private async call(client: Redis, calls: readonly AppendCall[]): Promise<(WriteResult[] | null)[]> {
    const { replicas, replicasTimeoutMs } = this.options;
    if (replicas === 0) return Promise.all(calls.map((call) => resultsOf(call, client)));
    const pipeline = client.pipeline();
    for (const { script, keys, args } of calls) script.queue(client, pipeline, keys, args);
    (pipeline as unknown as { wait(replicas: number, ms: number): void }).wait(replicas, replicasTimeoutMs);
    const replies = await execWithin(pipeline, PIPELINE_TIMEOUT_MS + replicasTimeoutMs);
    const isReplicated = Number(replies[calls.length]?.[1] ?? 0) >= replicas;
    return calls.map((call, index) => {
      const [error, answer] = replies[index] ?? [new Error('no reply'), null];
      if (error) return failed(call, error);
      // Redis has the changes, but too few replicas have them. The caller repeats the append, which then waits for the replicas again.
      return written(call, answer).map((result) => (!isReplicated && result === 'ok' ? 'unknown' : result));
    });
  }
}

const WRITE_RESULTS: readonly WriteResult[] = ['ok', 'fenced', 'behind', 'missing', 'conflict'];

async function resultsOf(call: AppendCall, client: Redis): Promise<WriteResult[] | null> {
  try {
    return written(call, await call.script.runEncoded(client, call.keys, call.args));
  } catch (error) {
    return failed(call, error as Error);
  }
}

function written(call: AppendCall, answer: unknown): WriteResult[] {
  return codesOf(call, answer).map((code) => WRITE_RESULTS[code as number] ?? 'unknown');
}

/**
 * Returns `unknown` for each append of a call without an answer. Returns null when Redis answered the call with an error, so that the
 * caller repeats the appends one by one.
 */
function failed({ appends }: AppendCall, error: Error): WriteResult[] | null {
  return error.name === 'ReplyError' ? null : appends.map(() => 'unknown');
}

function inOrder(appends: readonly Append[], calls: readonly AppendCall[], results: readonly (readonly WriteResult[])[]): WriteResult[] {
  const inOrder: WriteResult[] = appends.map(() => 'unknown');
  calls.forEach((call, at) => {
    call.appends.forEach((index, part) => {
      inOrder[index] = results[at]![part] ?? 'unknown';
    });
  });
  return inOrder;
}
