import { ByteReader, refuse } from './byte-reader.js';
import { AGAIN, DEPTH_MAX, ENTER, INSERT, REMOVE } from './format.js';
import { type KeyList, keyListOf } from './key-list.js';
import { OperationCursor } from './operation-reader.js';
import { hasChildren, type PlainRecord } from './plain.js';
import { editedPrimitive } from './primitive-edit.js';
import { copyRecord, without } from './record-copy.js';
import { ValueReader } from './value-reader.js';

/** Applies patches. One instance applies one patch after the other, and reuses its memory. */
export class PatchReader {
  private readonly operations = new ByteReader();
  private readonly values = new ValueReader();
  /** For each depth of a parent: the cursor of the operations on the children of the parent. */
  private readonly cursors: OperationCursor[] = [];
  private readonly guesses: (KeyList | null)[] = [];

  apply(before: unknown, patch: Uint8Array): unknown {
    if (patch.length === 0) return before;
    const { operations, values } = this;
    operations.begin(patch, 0, patch.length);
    const length = operations.varint();
    const start = operations.at;
    if (length > patch.length - start) refuse('it ends within its operations');
    operations.end = start + length;
    values.begin(patch, start + length, patch.length);
    const after = length === 0 ? values.value(before, 0) : this.children(before, 0);
    if (operations.at !== operations.end) refuse('operations are left over');
    if (values.at !== values.end) refuse('values are left over');
    return after;
  }

  /** Decodes bytes that contain a whole value, and not a patch. */
  whole(bytes: Uint8Array): unknown {
    const { values } = this;
    values.begin(bytes, 0, bytes.length);
    const value = values.value(undefined, 0);
    if (values.at !== values.end) refuse('values are left over');
    return value;
  }

  private children(before: unknown, depth: number): unknown {
    if (!hasChildren(before)) return refuse('it edits a value without children');
    if (depth >= DEPTH_MAX) refuse(`a value has more than ${DEPTH_MAX} levels`);
    let cursor = this.cursors[depth];
    if (cursor === undefined) {
      cursor = new OperationCursor();
      this.cursors[depth] = cursor;
    } else cursor.reset();
    return Array.isArray(before) ? this.items(cursor, before, depth) : this.entries(cursor, before as PlainRecord, depth);
  }

  private entries(cursor: OperationCursor, before: PlainRecord, depth: number): PlainRecord {
    const list = keyListOf(before, this.guesses[depth] ?? null);
    this.guesses[depth] = list;
    const keys = list.sorted;
    const after = copyRecord(before, list.own);
    let removed: Set<string> | null = null;
    let added: Map<string, unknown> | null = null;
    do {
      cursor.read(this.operations);
      for (let count = cursor.count; count > 0; count--) {
        if (cursor.kind === INSERT) {
          added ??= new Map();
          this.insertEntry(added, before, keys, depth);
          continue;
        }
        if (cursor.index >= keys.length) refuse('it edits a key that is not there');
        const key = keys[cursor.index++]!;
        if (cursor.kind === REMOVE) {
          removed ??= new Set();
          removed.add(key);
        } else after[key] = this.edited(cursor, before[key], depth);
      }
    } while (!cursor.isLast);
    const next = removed === null ? after : without(removed, after, list.own);
    if (added !== null) for (const [key, value] of added) next[key] = value;
    return next;
  }

  private insertEntry(added: Map<string, unknown>, before: PlainRecord, keys: readonly string[], depth: number): void {
    const key = this.values.text();
    if (key === '__proto__') refuse('a key is __proto__');
    if (added.has(key) || Object.hasOwn(before, key)) refuse('it adds a key that is already there');
    added.set(key, this.values.value(keys.length > 0 ? before[keys[0]!] : undefined, depth + 1));
  }

  private items(cursor: OperationCursor, before: readonly unknown[], depth: number): unknown[] {
    /**
     * Until the first insertion or removal: a copy of the old list, in which edited items are replaced. After it: the new list so far,
     * which covers the first `copied` items of the old list.
     */
    let after: unknown[] = before.slice();
    let isMoved = false;
    let copied = 0;
    do {
      cursor.read(this.operations);
      if (cursor.index > before.length) refuse('it edits an item that is not there');
      const { kind } = cursor;
      if (!isMoved && (kind === INSERT || kind === REMOVE)) {
        isMoved = true;
        copied = cursor.index;
        after = after.slice(0, copied);
      }
      if (isMoved) for (; copied < cursor.index; copied++) after.push(before[copied]);
      for (let count = cursor.count; count > 0; count--) {
        if (kind === INSERT) {
          const neighbor: unknown = before[cursor.index === 0 ? 0 : cursor.index - 1];
          after.push(this.values.value(neighbor, depth + 1));
          continue;
        }
        if (cursor.index >= before.length) refuse('it edits an item that is not there');
        const index = cursor.index++;
        copied = cursor.index;
        if (kind === REMOVE) continue;
        const item = this.edited(cursor, before[index], depth);
        if (isMoved) after.push(item);
        else after[index] = item;
      }
    } while (!cursor.isLast);
    if (isMoved) for (; copied < before.length; copied++) after.push(before[copied]);
    return after;
  }

  private edited(cursor: OperationCursor, before: unknown, depth: number): unknown {
    if (cursor.kind === ENTER) return this.children(before, depth + 1);
    if (cursor.kind !== AGAIN) return editedPrimitive(cursor.kind, before, this.values, depth);
    const { operations } = this;
    const { at } = operations;
    operations.at = cursor.body;
    const after = this.children(before, depth + 1);
    operations.at = at;
    return after;
  }
}
