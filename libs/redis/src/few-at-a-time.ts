import { setTimeout as pause } from 'node:timers/promises';

/** Small enough that its answers are read in a millisecond or two, at both ends. */
const FEW = 50;
const BREATH_MS = 5;

/**
 * Many things that are looked after now and then, a few at a time with a breath in between: a sweep over all rooms in one
 * pipeline holds up the store and its reader for tens of milliseconds, and every player who just made a move.
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
