/** Maximum number of earlier views with which a view is compared. More comparisons would slow down a sync in which all views differ. */
const KNOWN_MAX = 8;
/** After this number of views that equal no earlier view, a sync compares no further views. */
const MISSES_MAX = 16;
/** Number of levels to which two views are compared. Deeper parts must be the same objects, as they usually are in views of one state. */
const LEVELS_MAX = 4;

/**
 * The views of one sync. An equal view is replaced by the earlier one, so that the sync of both is computed and packed once. A game that
 * makes equal views for all players of a team therefore needs no cache of its own.
 */
export class DistinctViews {
  private readonly known: unknown[] = [];
  private missesLeft = MISSES_MAX;

  /** Returns an earlier view that equals `view`, or `view` itself. */
  unified(view: unknown): unknown {
    const { known } = this;
    if (known.includes(view)) return view;
    if (this.missesLeft === 0) return view;
    for (const other of known) if (isEqual(other, view, LEVELS_MAX)) return other;
    this.missesLeft--;
    if (known.length < KNOWN_MAX) known.push(view);
    return view;
  }
}

/** Compares two values of plain data, including the order of keys. */
function isEqual(a: unknown, b: unknown, levels: number): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || levels === 0) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  const keys = Object.keys(a);
  const others = Object.keys(b);
  if (keys.length !== others.length) return false;
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at]!;
    if (others[at] !== key || !isEqual((a as PlainObject)[key], (b as PlainObject)[key], levels - 1)) return false;
  }
  return true;
}

type PlainObject = Record<string, unknown>;
