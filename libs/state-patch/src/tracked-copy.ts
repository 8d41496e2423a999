import type { PlainRecord } from './plain.js';
import { type RecordCode, recordCodeOf } from './record-code.js';

/**
 * A deep copy of a plain value, in which the copy of each part of the original can be found. The class lists the copies in the order of one
 * walk: a parent before its children, and the children of an object by their sorted keys. A walk over the original in the same order finds
 * the copy of each part without a search.
 */
export class TrackedCopy {
  /** The copies of all objects and arrays. Entries from `count` on belong to an earlier value. */
  readonly copies: object[] = [];
  /** `codes[i]` is the code for the keys of the object `copies[i]`. Null: `copies[i]` is an array. */
  readonly codes: (RecordCode | null)[] = [];
  /** `ends[i]` is the index in `copies` after the last part of `copies[i]`. */
  readonly ends: number[] = [];
  count = 0;
  /**
   * `guesses[depth]` is the `RecordCode` of the last object that was copied at this depth. The next object at this depth probably has the
   * same keys.
   */
  private readonly guesses: (RecordCode | null)[] = [];

  /** Makes a new copy, and reuses the lists of the previous copy. */
  begin<T>(value: T): T {
    this.count = 0;
    return this.part(value, 0) as T;
  }

  /** Releases the memory of a large copy. */
  end(): void {
    if (this.copies.length > KEPT_MAX) this.copies.length = this.codes.length = this.ends.length = 0;
  }

  part(value: unknown, depth: number): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return this.list(value, depth);
    const code = recordCodeOf(value as PlainRecord, this.guesses[depth] ?? null);
    this.guesses[depth] = code;
    return code.copy(value as PlainRecord, this, depth);
  }

  /** Reserves an index in `copies` for an object or array, before its children are copied. Returns the index. */
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
    this.ends[at] = this.count;
    return copy;
  }
}

/** Maximum length of lists that are kept for the next copy, in items, so that the memory for one large state does not remain occupied. */
const KEPT_MAX = 10_000;
