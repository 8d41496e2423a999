import { ByteReader, refuse } from './byte-reader.js';
import { AGAIN, ENTER, INSERT, REMOVE } from './format.js';
import { keyListOf } from './key-list.js';
import { OperationCursor } from './operation-reader.js';
import { hasChildren, type PlainRecord } from './plain.js';
import { editedPrimitive } from './primitive-edit.js';
import { ValueReader } from './value-reader.js';

/**
 * Returns the number of bytes of a patch for each part of a state, by path. The items of a list share one path: `ships[].x`. The bytes of
 * an operation belong to the first child that it changes or, when it adds a key, to its object. The bytes of a value belong to its own
 * child. The root has the path ''. The sum is the length of the patch.
 *
 * @param before the value to which the patch applies
 * @throws StatePatchError when the bytes do not fit `before`
 * @example
 * bytesByPath({ ships: [{ x: 1 }] }, patch); // Map { '' => 1, 'ships' => 1, 'ships[]' => 1, 'ships[].x' => 2 }
 */
export function bytesByPath(before: unknown, patch: Uint8Array): Map<string, number> {
  return new PatchMeter(patch).measure(before);
}

/** Reads one patch like `PatchReader`, and counts bytes instead of making the new value. */
class PatchMeter {
  private readonly bytes = new Map<string, number>();
  private readonly operations = new ByteReader();
  private readonly values = new ValueReader();
  /**
   * Number of nested repetitions (AGAIN or RUN) that contain the current operation. Above 0: the bytes of the operation were already
   * counted.
   */
  private repeats = 0;

  constructor(private readonly patch: Uint8Array) {}

  measure(before: unknown): Map<string, number> {
    const { operations, values, patch } = this;
    if (patch.length === 0) return this.bytes;
    operations.begin(patch, 0, patch.length);
    const length = operations.varint();
    const start = operations.at;
    if (length > patch.length - start) refuse('it ends within its operations');
    operations.end = start + length;
    values.begin(patch, start + length, patch.length);
    this.operation('', start);
    if (length === 0) this.value('', () => values.value(before, 0));
    else this.children(before, '', 0);
    return this.bytes;
  }

  private children(before: unknown, path: string, depth: number): void {
    if (!hasChildren(before)) return refuse('it edits a value without children');
    const keys = Array.isArray(before) ? null : keyListOf(before as PlainRecord, null).sorted;
    const olds: readonly unknown[] = keys === null ? (before as readonly unknown[]) : keys.map((key) => (before as PlainRecord)[key]);
    const pathOf = (index: number): string => (keys === null ? `${path}[]` : childPath(path, keys[index] ?? '*'));
    const cursor = new OperationCursor();
    do {
      const { at } = this.operations;
      cursor.read(this.operations);
      this.operation(cursor.kind === INSERT && keys !== null ? path : pathOf(cursor.index), this.operations.at - at);
      for (let count = cursor.count; count > 0; count--) {
        if (cursor.kind === INSERT) this.insert(olds, keys, cursor.index, path, depth);
        else this.edit(cursor, olds[cursor.index], pathOf(cursor.index++), depth);
      }
    } while (!cursor.isLast);
  }

  private insert(olds: readonly unknown[], keys: readonly string[] | null, index: number, path: string, depth: number): void {
    const { at } = this.values;
    const child = keys === null ? `${path}[]` : childPath(path, this.values.text());
    this.values.value(olds[keys !== null || index === 0 ? 0 : index - 1], depth + 1);
    this.count(child, this.values.at - at);
  }

  private edit(cursor: OperationCursor, before: unknown, path: string, depth: number): void {
    const { kind } = cursor;
    if (kind === REMOVE) return;
    if (kind === ENTER) return this.children(before, path, depth + 1);
    if (kind !== AGAIN) return this.value(path, () => editedPrimitive(kind, before, this.values, depth));
    const { operations } = this;
    const { at } = operations;
    operations.at = cursor.body;
    // Counts no bytes for repeated operations: the patch contains them once, and they were counted for the first child.
    this.repeats += 1;
    this.children(before, path, depth + 1);
    this.repeats -= 1;
    operations.at = at;
  }

  private value(path: string, read: () => unknown): void {
    const { at } = this.values;
    read();
    this.count(path, this.values.at - at);
  }

  private operation(path: string, bytes: number): void {
    if (this.repeats === 0) this.count(path, bytes);
  }

  private count(path: string, bytes: number): void {
    if (bytes > 0) this.bytes.set(path, (this.bytes.get(path) ?? 0) + bytes);
  }
}

function childPath(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
