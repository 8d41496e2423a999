import { compiledCode } from './compiled-code.js';
import { type KeyList, keyListOf } from './key-list.js';
import type { PlainRecord } from './plain.js';
import { copyRecord } from './record-copy.js';
import type { StepDiff } from './step-diff.js';
import type { TrackedCopy } from './tracked-copy.js';

/** Copies and compares objects with certain keys. */
export interface RecordCode {
  readonly keys: KeyList;
  /** Copies an object that has these keys, with all its parts, in the order of the sorted keys. */
  copy(record: PlainRecord, copy: TrackedCopy, depth: number): PlainRecord;
  /**
   * Writes the edits that turn `before`, which has these keys, into `after`. Returns the next value, which is `before` itself when nothing
   * differs. Undefined: the whole new object takes fewer bytes.
   */
  edit(before: PlainRecord, after: PlainRecord, diff: StepDiff, depth: number): PlainRecord | undefined;
}

/** @param guess the code of an object that probably has the same keys */
export function recordCodeOf(record: PlainRecord, guess: RecordCode | null): RecordCode {
  const keys = keyListOf(record, guess === null ? null : guess.keys);
  keys.code ??= new LoopCode(keys);
  return keys.code;
}

/**
 * Number of copies of an object with the same keys after which code is compiled for these keys. Compiling takes as long as some hundred
 * copies.
 */
const COPIES_BEFORE_COMPILING = 256;

/** Copies and compares objects by loops over the keys. Compiled code replaces these loops for objects that occur often. */
class LoopCode implements RecordCode {
  private copiesLeft = COPIES_BEFORE_COMPILING;

  constructor(readonly keys: KeyList) {}

  copy(record: PlainRecord, tracked: TrackedCopy, depth: number): PlainRecord {
    const { keys } = this;
    if (this.copiesLeft-- === 0) keys.code = compiledCode(keys) ?? this;
    const at = tracked.reserve(this);
    const { own, sorted } = keys;
    const copy = copyRecord(record, own);
    tracked.copies[at] = copy;
    for (let index = 0; index < sorted.length; index++) {
      const key = sorted[index]!;
      const part = copy[key];
      if (typeof part === 'object' && part !== null) copy[key] = tracked.part(part, depth + 1);
    }
    tracked.ends[at] = tracked.count;
    return copy;
  }

  edit(before: PlainRecord, after: PlainRecord, diff: StepDiff, depth: number): PlainRecord | undefined {
    const { own, sorted, isListed, order } = this.keys;
    let at = 0;
    for (const key in after) if (own[at++] !== key) return diff.otherKeys(before, after, this.keys, depth);
    if (at !== own.length) return diff.otherKeys(before, after, this.keys, depth);
    const siblings = diff.begin(depth);
    const oldValues = isListed ? Object.values(before) : null;
    let next: Record<string, unknown> | null = null;
    for (let index = 0; index < sorted.length; index++) {
      const key = sorted[index]!;
      const old = oldValues === null ? before[key] : oldValues[order === null ? index : order[index]!];
      const value = after[key];
      if (old === value) {
        diff.passed(old);
        continue;
      }
      const kept = diff.child(siblings, index, old, value, depth);
      if (kept === old) continue;
      next ??= copyRecord(before, own);
      next[key] = kept;
    }
    diff.end(siblings);
    return next ?? before;
  }
}
