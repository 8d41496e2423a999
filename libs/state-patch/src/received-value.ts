import { DEPTH_MAX } from './format.js';
import { keyListOf } from './key-list.js';
import type { PlainRecord } from './plain.js';
import { emptyRecord } from './record-copy.js';
import type { RoundingTree } from './rounding-tree.js';

/**
 * The exception for a value that is not plain data. It has no stack and is no Error, because a general check finds the path of the value
 * later.
 */
export class NotPlain {}

/** Maximum number of objects and arrays in one new value. */
const PARTS_MAX = 100_000;
let partsLeft = 0;

/**
 * Returns a copy of a new value as a receiver decodes it: with sorted keys, rounded numbers, and 0 for -0.
 *
 * @param tree null: the numbers stay as they are
 * @throws NotPlain
 */
export function receivedValue(value: unknown, depth: number, tree: RoundingTree | null): unknown {
  partsLeft = PARTS_MAX;
  return received(value, depth, tree);
}

function received(value: unknown, depth: number, tree: RoundingTree | null): unknown {
  switch (typeof value) {
    case 'number':
      if (value - value !== 0) throw new NotPlain();
      return tree === null || tree.round === null ? value + 0 : tree.round(value);
    case 'string':
      if (!value.isWellFormed()) throw new NotPlain();
      return value;
    case 'boolean':
      return value;
    case 'object':
      return value === null ? null : container(value, depth, tree);
    default:
      throw new NotPlain();
  }
}

function container(value: object, depth: number, tree: RoundingTree | null): unknown {
  if (depth >= DEPTH_MAX || partsLeft-- === 0) throw new NotPlain();
  const prototype: unknown = Object.getPrototypeOf(value);
  if (Array.isArray(value)) {
    if (prototype !== Array.prototype) throw new NotPlain();
    const items: unknown[] = [];
    for (let index = 0; index < value.length; index++) items.push(received(value[index], depth + 1, tree === null ? null : tree.at(index)));
    return items;
  }
  if (prototype !== Object.prototype) throw new NotPlain();
  const keys = keyListOf(value as PlainRecord, null).sorted;
  const record = emptyRecord(keys.length);
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]!;
    record[key] = received((value as PlainRecord)[key], depth + 1, tree === null ? null : tree.at(key));
  }
  return record;
}
