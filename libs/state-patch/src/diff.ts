import { DEPTH_MAX, ENTER, INSERT, REMOVE, SET } from './format.js';
import { compareKeys, countCommon, isSameKeys, type KeyList, keyListOf } from './key-list.js';
import { isSameItem, SHIFT_DISTANCE_AT_FIRST, SHIFT_DISTANCE_MAX, SHIFT_FAILURES_MAX, shiftAt } from './list-shift.js';
import { OperationWriter, Siblings } from './operation-writer.js';
import { assertRecord, hasChildren, type PlainRecord, refuseDepth } from './plain.js';
import { PrimitiveChange } from './primitive-change.js';
import { ValueWriter } from './value-writer.js';

const EMPTY = new Uint8Array(0);

/** Writes the difference of two values. One instance writes one message after the other, and reuses its memory. */
export class DiffWriter {
  protected readonly operations = new OperationWriter(1_024);
  protected readonly values = new ValueWriter(4_096);
  protected readonly primitives = new PrimitiveChange(this.operations, this.values);
  /** For each depth of a parent: the progress of the writer through the children of the parent. */
  protected readonly siblings: Siblings[] = [];

  /** Returns the bytes that turn `before` into `after`. Skips children that both values share by reference. */
  diff(before: unknown, after: unknown): Uint8Array {
    this.reset();
    const { operations, values } = this;
    if (before === after) return EMPTY;
    if (isSameContainer(before, after) && this.children(before, after as object, 0)) {
      return operations.length === 0 ? EMPTY : this.message();
    }
    values.value(after, before, 0);
    return this.message();
  }

  /** Returns the bytes of a whole value. */
  whole(value: unknown): Uint8Array {
    this.values.begin();
    this.values.value(value, undefined, 0);
    return this.values.bytes.slice(0, this.values.length);
  }

  protected reset(): void {
    this.operations.reset();
    this.values.begin();
  }

  protected message(): Uint8Array {
    const { operations, values } = this;
    const head = varintBytes(operations.length);
    const message = new Uint8Array(head + operations.length + values.length);
    let rest = operations.length;
    for (let at = 0; at < head; at++, rest >>>= 7) message[at] = at === head - 1 ? rest : (rest & 0x7f) | 0x80;
    operations.copyTo(message, head);
    values.copyTo(message, head + operations.length);
    return message;
  }

  /** Writes the edits of the children. Returns false, without writing, when the new value as a whole would be shorter. */
  private children(before: object, after: object, depth: number): boolean {
    if (depth >= DEPTH_MAX) refuseDepth();
    let siblings = this.siblings[depth];
    if (siblings === undefined) {
      siblings = new Siblings();
      this.siblings[depth] = siblings;
    } else siblings.reset();
    if (Array.isArray(after)) this.items(siblings, before as readonly unknown[], after, depth);
    else if (!this.entries(siblings, before as PlainRecord, after as PlainRecord, depth)) return false;
    this.operations.endSiblings(siblings);
    return true;
  }

  private entries(siblings: Siblings, before: PlainRecord, after: PlainRecord, depth: number): boolean {
    const oldKeys = keyListOf(before, siblings.keys);
    const newKeys = keyListOf(after, oldKeys);
    siblings.keys = oldKeys;
    // Checks `after` when it has no keys, because a Date or a Map has no keys either and must be refused.
    if (newKeys.own.length === 0) assertRecord(after);
    if (oldKeys !== newKeys && !isSameKeys(oldKeys.sorted, newKeys.sorted))
      return this.entriesOfOtherKeys(siblings, before, oldKeys, after, newKeys, depth);
    const keys = newKeys.sorted;
    if (newKeys.isListed) this.listedEntries(siblings, before, oldKeys, after, newKeys, depth);
    else {
      for (let index = 0; index < keys.length; index++) {
        const key = keys[index]!;
        const a = before[key];
        const b = after[key];
        if (a !== b) this.change(siblings, index, a, b, depth);
      }
    }
    return true;
  }

  private listedEntries(
    siblings: Siblings,
    before: PlainRecord,
    { order: oldOrder }: KeyList,
    after: PlainRecord,
    { order }: KeyList,
    depth: number,
  ): void {
    const oldValues = Object.values(before);
    const newValues = Object.values(after);
    for (let index = 0; index < newValues.length; index++) {
      const a = oldValues[oldOrder === null ? index : oldOrder[index]!];
      const b = newValues[order === null ? index : order[index]!];
      if (a !== b) this.change(siblings, index, a, b, depth);
    }
  }

  /** Writes the operations on the old keys in their order, and then inserts the new keys. */
  private entriesOfOtherKeys(
    siblings: Siblings,
    before: PlainRecord,
    oldKeys: KeyList,
    after: PlainRecord,
    newKeys: KeyList,
    depth: number,
  ): boolean {
    const old = oldKeys.sorted;
    const keys = newKeys.sorted;
    if (2 * countCommon(old, keys) < keys.length) return false;
    const added: string[] = [];
    let at = 0;
    for (let index = 0; index < old.length; index++) {
      const key = old[index]!;
      while (at < keys.length && keys[at] !== key && compareKeys(keys[at]!, key) < 0) added.push(keys[at++]!);
      if (at < keys.length && keys[at] === key) {
        at++;
        if (before[key] !== after[key]) this.change(siblings, index, before[key], after[key], depth);
      } else this.operations.operation(siblings, REMOVE, index);
    }
    for (; at < keys.length; at++) added.push(keys[at]!);
    const model = old.length > 0 ? before[old[0]!] : undefined;
    for (const key of added) {
      this.insertOperation(siblings, siblings.next);
      this.values.text(key);
      this.values.value(after[key], model, depth + 1);
    }
    return true;
  }

  protected items(siblings: Siblings, before: readonly unknown[], after: readonly unknown[], depth: number): void {
    let start = 0;
    let end = before.length;
    let afterEnd = after.length;
    while (start < end && start < afterEnd && before[start] === after[start]) start++;
    while (end > start && afterEnd > start && before[end - 1] === after[afterEnd - 1]) {
      end--;
      afterEnd--;
    }
    let index = start;
    let afterIndex = start;
    let distance = end === afterEnd ? SHIFT_DISTANCE_AT_FIRST : SHIFT_DISTANCE_MAX;
    let failuresLeft = SHIFT_FAILURES_MAX;
    while (index < end && afterIndex < afterEnd) {
      const a = before[index];
      const b = after[afterIndex];
      if (failuresLeft > 0 && !isSameItem(a, b)) {
        const shift = shiftAt(before, index, end, after, afterIndex, afterEnd, distance);
        if (shift === 0) failuresLeft--;
        else {
          distance = SHIFT_DISTANCE_MAX;
          for (let count = shift; count > 0; count--) this.operations.operation(siblings, REMOVE, index++);
          for (let count = shift; count < 0; count++) this.insert(siblings, before, index, after[afterIndex++], depth);
          continue;
        }
      }
      if (a !== b) this.change(siblings, index, a, b, depth);
      index++;
      afterIndex++;
    }
    while (index < end) this.operations.operation(siblings, REMOVE, index++);
    while (afterIndex < afterEnd) this.insert(siblings, before, index, after[afterIndex++], depth);
  }

  protected insert(siblings: Siblings, before: readonly unknown[], index: number, item: unknown, depth: number): void {
    this.insertOperation(siblings, index);
    this.values.value(item, before[index === 0 ? 0 : index - 1], depth + 1);
  }

  /** Writes an insertion before the old child at `index`. The next gap counts from `index`, because an insertion consumes no old child. */
  protected insertOperation(siblings: Siblings, index: number): void {
    this.operations.operation(siblings, INSERT, index);
    siblings.next = index;
  }

  private change(siblings: Siblings, index: number, before: unknown, after: unknown, depth: number): void {
    if (typeof after === 'number' && typeof before === 'number') this.primitives.number(siblings, index, before, after);
    else if (typeof after === 'object' && isSameContainer(before, after)) {
      if (!this.enter(siblings, index, before, after as object, depth)) this.set(siblings, index, before, after, depth);
    } else if (typeof after === 'string' && typeof before === 'string') this.primitives.text(siblings, index, before, after);
    else if (typeof after === 'boolean' && typeof before === 'boolean') this.primitives.flip(siblings, index);
    else this.set(siblings, index, before, after, depth);
  }

  protected set(siblings: Siblings, index: number, before: unknown, after: unknown, depth: number): void {
    this.operations.operation(siblings, SET, index);
    this.values.value(after, before, depth + 1);
  }

  private enter(siblings: Siblings, index: number, before: object, after: object, depth: number): boolean {
    const { operations } = this;
    const start = operations.length;
    operations.kindAndGap(ENTER, index - siblings.next);
    const bodyStart = operations.length;
    if (this.children(before, after, depth + 1)) {
      operations.endEnter(siblings, index, start, bodyStart);
      return true;
    }
    operations.length = start;
    return false;
  }
}

/** True when both are arrays, or both are objects. */
function isSameContainer(before: unknown, after: unknown): before is object {
  return hasChildren(before) && hasChildren(after) && Array.isArray(before) === Array.isArray(after);
}

function varintBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : 4;
}
