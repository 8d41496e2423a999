import { sleep } from './sleep.js';

/** Default number of items in a batch. Redis and this process each need one or two milliseconds for a batch of this size. */
const BATCH_SIZE = 50;
const PAUSE_MS = 5;

/**
 * Yields the items in batches, with a pause after each full batch. Call this function for periodic work on all rooms or sessions. A read of
 * all of them in one pipeline would block Redis and this process for tens of milliseconds, and delay the players' frames.
 *
 * @param options.size items in a batch, 50 by default
 * @param options.pauseMs pause between two batches in ms, 5 by default
 * @example for await (const rooms of inBatches(all)) await compare(rooms);
 */
export async function* inBatches<Item>(
  items: Iterable<Item>,
  { size = BATCH_SIZE, pauseMs = PAUSE_MS }: { readonly size?: number; readonly pauseMs?: number } = {},
): AsyncGenerator<Item[]> {
  let batch: Item[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
    await sleep(pauseMs);
  }
  if (batch.length > 0) yield batch;
}
