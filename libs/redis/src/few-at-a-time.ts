import { setTimeout as pause } from 'node:timers/promises';

/** Small enough that both ends handle the answers in a millisecond or two. */
const FEW = 50;
const BREATH_MS = 5;

/**
 * Yields the items of periodic work in slices, with a pause in between. A sweep over all rooms in one pipeline would block Redis
 * and this process for tens of milliseconds, and delay every player who just made a move.
 */
export async function* fewAtATime<Item>(
  items: Iterable<Item>,
  { few = FEW, breathMs = BREATH_MS }: { few?: number; breathMs?: number } = {},
): AsyncGenerator<Item[]> {
  let slice: Item[] = [];
  for (const item of items) {
    slice.push(item);
    if (slice.length < few) continue;
    yield slice;
    slice = [];
    await pause(breathMs);
  }
  if (slice.length > 0) yield slice;
}
