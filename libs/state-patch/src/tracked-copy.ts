import { keyListOf } from './key-list.js';
import type { PlainRecord } from './plain.js';
import { type RecordCode, recordCodeOf } from './record-code.js';

/**
 * A deep copy of a plain value that knows where each of its parts came from. It lists the copies in the order of one walk: a parent before
 * its children, and the children of an object by their sorted keys. A walk over the original in the same order finds the copy of each part
 * without a search.
 */
export class TrackedCopy {
  /** The copies of all objects and arrays. Entries from `count` on are left from earlier use. */
  readonly copies: object[] = [];
  /** At the same positions, the code for the keys of an object. Null: an array. */
  readonly codes: (RecordCode | null)[] = [];
  count = 0;
  private original: unknown;
  private originals: readonly object[] | null = null;
  /** The expected position of the next part in `originalOf`. */
  private at = 0;
  /** The positions of the copies. Null: not needed yet. */
  private positions: ReadonlyMap<object, number> | null = null;
  /** The code of the last object at this depth. The next object there probably has the same keys. */
  private readonly guesses: (RecordCode | null)[] = [];

  /** Makes a new copy. The lists are reused. */
  begin<T>(value: T): T {
    this.forget();
    this.original = value;
    return this.part(value, 0) as T;
  }

  /** Releases the values of the last copy. */
  end(): void {
    this.forget();
    if (this.copies.length > KEPT_MAX) this.copies.length = this.codes.length = 0;
  }

  /**
   * Returns the part of the original from which a part of the copy was made, wherever it is now. Undefined: the object is not a part of the
   * copy. Fast for objects in the order of the copy.
   */
  originalOf(copy: object): object | undefined {
    this.originals ??= partsOf(this.original, this.count);
    const { copies, at, count } = this;
    let found = -1;
    for (let index = at; index < at + NEAR_MAX && index < count && found === -1; index++) if (copies[index] === copy) found = index;
    if (found === -1) {
      this.positions ??= new Map(copies.slice(0, count).map((each, position) => [each, position]));
      found = this.positions.get(copy) ?? -1;
    }
    if (found === -1) return undefined;
    this.at = found + 1;
    return this.originals[found];
  }

  part(value: unknown, depth: number): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return this.list(value, depth);
    const code = recordCodeOf(value as PlainRecord, this.guesses[depth] ?? null);
    this.guesses[depth] = code;
    return code.copy(value as PlainRecord, this, depth);
  }

  /** Reserves the position of an object or array, before its children are copied. */
  reserve(code: RecordCode | null): number {
    this.codes[this.count] = code;
    return this.count++;
  }

  private list(value: readonly unknown[], depth: number): unknown[] {
    const at = this.reserve(null);
    const copy = value.slice();
    this.copies[at] = copy;
    for (let index = 0; index < copy.length; index++) {
      const item = copy[index];
      if (typeof item === 'object' && item !== null) copy[index] = this.part(item, depth + 1);
    }
    return copy;
  }

  private forget(): void {
    this.count = this.at = 0;
    this.original = undefined;
    this.originals = this.positions = null;
  }
}

/** Maximum length of lists that are kept for the next copy, so that one large state does not keep its memory. */
const KEPT_MAX = 10_000;
/** Number of positions in which `originalOf` looks before it makes a map of all of them. */
const NEAR_MAX = 16;

/** Returns the objects and arrays of a value in the order of a tracked copy. */
function partsOf(value: unknown, count: number): readonly object[] {
  const parts: object[] = [];
  const add = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) return;
    parts.push(part);
    if (Array.isArray(part)) part.forEach(add);
    else for (const key of keyListOf(part as PlainRecord, null).sorted) add((part as PlainRecord)[key]);
  };
  add(value);
  if (parts.length !== count) throw new Error(`a value with ${count} parts has ${parts.length} now: it must not be changed`);
  return parts;
}
