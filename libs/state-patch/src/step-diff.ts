import { DiffWriter } from './diff.js';
import { ENTER } from './format.js';
import { Siblings } from './operation-writer.js';
import { hasChildren, type PlainRecord } from './plain.js';
import type { RecordCode } from './record-code.js';
import type { Rounding } from './rounding.js';
import type { TrackedCopy } from './tracked-copy.js';

/** The next state, and the patch that leads to it. */
export interface StepResult<T> {
  readonly next: T;
  readonly patch: Uint8Array;
}

/** A moved part is looked for among so many copies before and after its place. */
const MOVED_DISTANCE_MAX = 16;
const EMPTY = new Uint8Array(0);

/** Thrown where the shapes differ. Not an Error, because it needs no stack. */
const OTHER_SHAPE = { name: 'OTHER_SHAPE' };

/** Compares an edited copy with its original, writes the patch and makes the next value, all in one walk. */
export class StepDiff extends DiffWriter {
  private rounding: Rounding | null = null;
  private copies: readonly object[] = [];
  private count = 0;
  /** The position of the next part in the walk. */
  private at = 0;
  private codes: readonly (RecordCode | null)[] = [];

  /**
   * Returns null when an object got other keys, an array another length, or a part another kind. Also returns null when something may not
   * be plain data.
   */
  step<T>(before: T, tracked: TrackedCopy, round: Rounding | null): StepResult<T> | null {
    this.reset();
    this.rounding = round;
    this.copies = tracked.copies;
    this.codes = tracked.codes;
    this.count = tracked.count;
    this.at = 0;
    try {
      const next = this.container(before as object, tracked.copies[0]!, 0) as T;
      return { next, patch: next === before ? EMPTY : this.message() };
    } catch (thrown) {
      if (thrown === OTHER_SHAPE) return null;
      throw thrown;
    }
  }

  refuse(): never {
    throw OTHER_SHAPE;
  }

  begin(depth: number): Siblings {
    let siblings = this.siblings[depth];
    if (siblings === undefined) {
      siblings = new Siblings();
      this.siblings[depth] = siblings;
    } else siblings.reset();
    return siblings;
  }

  end(siblings: Siblings): void {
    this.operations.endSiblings(siblings);
  }

  /** Writes the edit of a child. Returns its next value. */
  child(siblings: Siblings, index: number, before: unknown, after: unknown, depth: number): unknown {
    if (typeof after === 'number') {
      const value = this.numberOf(after);
      if (value === before) return before;
      if (typeof before === 'number') this.primitives.number(siblings, index, before, value);
      else this.setPrimitive(siblings, index, before, value, depth);
      return value;
    }
    if (typeof after === 'object' && after !== null) {
      if (!hasChildren(before)) return this.refuse();
      const { operations } = this;
      const start = operations.length;
      operations.kindAndGap(ENTER, index - siblings.next);
      const bodyStart = operations.length;
      const kept = this.container(before, after, depth + 1);
      if (kept === before) operations.length = start;
      else operations.endEnter(siblings, index, start, bodyStart);
      return kept;
    }
    if (typeof after === 'string') {
      if (!after.isWellFormed()) this.refuse();
      if (typeof before === 'string') this.primitives.text(siblings, index, before, after);
      else this.setPrimitive(siblings, index, before, after, depth);
    } else if (typeof after === 'boolean') {
      if (typeof before === 'boolean') this.primitives.flip(siblings, index);
      else this.setPrimitive(siblings, index, before, after, depth);
    } else if (after === null) this.setPrimitive(siblings, index, before, after, depth);
    else this.refuse();
    return after;
  }

  private numberOf(value: number): number {
    if (value - value !== 0) this.refuse();
    const { rounding } = this;
    return rounding === null ? value + 0 : rounding(value);
  }

  private setPrimitive(siblings: Siblings, index: number, before: unknown, after: unknown, depth: number): void {
    if (hasChildren(before)) this.refuse();
    this.set(siblings, index, before, after, depth);
  }

  private container(before: object, after: object, depth: number): object {
    const at = this.at++;
    if (after !== this.copies[at]) this.assertNew(before, after, at);
    const code = this.codes[at]!;
    return code === null
      ? this.list(before as readonly unknown[], after as readonly unknown[], depth)
      : code.edit(before as PlainRecord, after as PlainRecord, this, depth);
  }

  /** A new object or array may take the place of one of the same kind, but not the copy of another part, which has moved. */
  private assertNew(before: object, after: object, at: number): void {
    if (Object.getPrototypeOf(after) !== (Array.isArray(before) ? Array.prototype : Object.prototype)) this.refuse();
    const end = Math.min(this.count, at + MOVED_DISTANCE_MAX);
    for (let index = Math.max(0, at - MOVED_DISTANCE_MAX); index < end; index++) if (this.copies[index] === after) this.refuse();
  }

  private list(before: readonly unknown[], after: readonly unknown[], depth: number): readonly unknown[] {
    if (after.length !== before.length) this.refuse();
    return before.length > 0 && !hasChildren(before[0]) ? this.primitiveList(before, after, depth) : this.edits(before, after, depth);
  }

  private edits(before: readonly unknown[], after: readonly unknown[], depth: number): readonly unknown[] {
    let next: unknown[] | null = null;
    const siblings = this.begin(depth);
    for (let index = 0; index < before.length; index++) {
      const old = before[index];
      const item = after[index];
      if (old === item) continue;
      const kept = this.child(siblings, index, old, item, depth);
      if (kept === old) continue;
      next ??= before.slice();
      next[index] = kept;
    }
    this.end(siblings);
    return next ?? before;
  }

  /** Writes the edits of a list of primitives, in which items may have moved. */
  private primitiveList(before: readonly unknown[], after: readonly unknown[], depth: number): readonly unknown[] {
    let next: unknown[] | null = null;
    for (let index = 0; index < before.length; index++) {
      const old = before[index];
      const item = after[index];
      if (old === item) continue;
      if (hasChildren(old)) return this.edits(before, after, depth);
      let kept: unknown = item;
      if (typeof item === 'number') kept = this.numberOf(item);
      else if (typeof item === 'string' ? !item.isWellFormed() : typeof item !== 'boolean' && item !== null) this.refuse();
      if (kept === old) continue;
      next ??= before.slice();
      next[index] = kept;
    }
    if (next === null) return before;
    const siblings = this.begin(depth);
    this.items(siblings, before, next, depth);
    this.end(siblings);
    return next;
  }
}
