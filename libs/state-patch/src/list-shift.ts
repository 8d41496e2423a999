/**
 * Finds items that were removed from a list or inserted into it. An item is the same one when both lists have the same object,
 * the same primitive, or an object with the same `id`. The search finds the next common item within a small distance. It costs
 * much less than an edit distance, and misses only long moves.
 */

/** Distance for lists of different lengths, and for those in which the search has found something. */
export const SHIFT_DISTANCE_MAX = 16;
/** Distance for lists of one length, whose items were probably edited in place. */
export const SHIFT_DISTANCE_AT_FIRST = 1;
/** After so many searches without a result, a list counts as edited in place. This bounds the cost for a long list. */
export const SHIFT_FAILURES_MAX = 8;

/**
 * Returns how many items were removed at `index` (above 0) or inserted there (below 0). 0: it found neither.
 * @param end the end of the compared part of `before`
 */
export function shiftAt(
  before: readonly unknown[],
  index: number,
  end: number,
  after: readonly unknown[],
  afterIndex: number,
  afterEnd: number,
  distanceMax: number,
): number {
  for (let distance = 1; distance <= distanceMax; distance++) {
    if (index + distance < end && isSameItem(before[index + distance], after[afterIndex])) return distance;
    if (afterIndex + distance < afterEnd && isSameItem(before[index], after[afterIndex + distance])) return -distance;
  }
  return 0;
}

export function isSameItem(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const { id } = a as { readonly id?: unknown };
  return id !== undefined && id === (b as { readonly id?: unknown }).id;
}
