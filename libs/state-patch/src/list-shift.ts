/**
 * Finds items that were removed from a list or inserted into it. Two items are the same when they are the same object, equal primitives, or
 * objects with the same `id`. The search looks for the next common item within a small distance. This search is much faster than the
 * computation of an edit distance, and misses only moves over a longer distance.
 */

/** Maximum distance of the search, in items, for lists of different lengths and for lists in which a shift was already found. */
export const SHIFT_DISTANCE_MAX = 16;
/**
 * In lists of equal length, the search for the first shift looks at most this many items ahead. The limit is small, because the items of
 * such lists were probably edited in place.
 */
export const SHIFT_DISTANCE_AT_FIRST = 1;
/** Number of searches without a result after which a list is regarded as edited in place. This limits the cost for a long list. */
export const SHIFT_FAILURES_MAX = 8;

/**
 * Returns how many items were removed at `index` (above 0) or inserted there (below 0). 0: the search found no removal or insertion.
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
