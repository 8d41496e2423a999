import { ByteReader, refuse } from './byte-reader.js';
import {
  DECIMAL,
  DEPTH_MAX,
  FALSE,
  FLOAT32,
  FLOAT64,
  INTEGER,
  KEYS,
  KNOWN,
  LIKE,
  LIST,
  NEGATIVE,
  NULL,
  SHORT_KEYS,
  SHORT_KNOWN,
  SHORT_LIST,
  SHORT_TEXT,
  SMALL_NEGATIVE,
  TEXT,
  TRUE,
} from './format.js';
import { compareKeys, type KeyList, keyListOf } from './key-list.js';
import { DIGITS_MAX, float32At, float64At, fromDecimalSteps, fromZigzag } from './numbers.js';
import { hasChildren, type PlainRecord } from './plain.js';
import { emptyRecord } from './record-copy.js';

/** Reads whole values. */
export class ValueReader extends ByteReader {
  /** The key lists of this message, in the order of their first use. */
  private known: (readonly string[])[] = [];
  /**
   * The key list of the last `model` at each depth. A model is an old value that the sender used as a pattern for a new one. The next model
   * at the same depth probably has the same keys.
   */
  private readonly guesses: (KeyList | null)[] = [];

  override begin(bytes: Uint8Array, at: number, end: number): void {
    super.begin(bytes, at, end);
    if (this.known.length > 0) this.known = [];
  }

  /** @param model the old value that the sender used as a model */
  value(model: unknown, depth: number): unknown {
    const tag = this.byte();
    if (tag < SHORT_TEXT) return tag;
    if (tag < SHORT_LIST) return this.textOf(tag - SHORT_TEXT);
    if (tag < SMALL_NEGATIVE) return this.list(tag - SHORT_LIST, model, depth);
    if (tag < SHORT_KEYS) return SMALL_NEGATIVE - 1 - tag;
    if (tag < SHORT_KNOWN) return this.record(this.newKeys(tag - SHORT_KEYS), model, depth);
    if (tag < NULL) return this.record(this.knownKeys(tag - SHORT_KNOWN), model, depth);
    switch (tag) {
      case NULL:
        return null;
      case FALSE:
        return false;
      case TRUE:
        return true;
      case INTEGER:
        return this.varint();
      case NEGATIVE:
        return -1 - this.varint();
      case FLOAT32:
        return finite(float32At(this.bytes, this.take(4)));
      case FLOAT64:
        return finite(float64At(this.bytes, this.take(8)));
      case TEXT:
        return this.textOf(this.varint());
      case LIST:
        return this.list(this.varint(), model, depth);
      case KEYS:
        return this.record(this.newKeys(this.varint()), model, depth);
      case KNOWN:
        return this.record(this.knownKeys(this.varint()), model, depth);
      case LIKE:
        return this.record(this.keysOf(model, depth), model, depth);
      default:
        if (tag <= DECIMAL || tag > DECIMAL + DIGITS_MAX) refuse('a value has an unknown tag');
        return fromDecimalSteps(fromZigzag(this.varint()), tag - DECIMAL);
    }
  }

  private list(count: number, model: unknown, depth: number): unknown[] {
    this.assertRoom(count, depth);
    const modelItem: unknown = Array.isArray(model) ? model[0] : undefined;
    const items: unknown[] = [];
    for (let index = 0; index < count; index++) items.push(this.value(modelItem, depth + 1));
    return items;
  }

  private record(keys: readonly string[], model: unknown, depth: number): PlainRecord {
    this.assertRoom(keys.length, depth);
    const record = emptyRecord(keys.length);
    const modelRecord = isRecord(model) ? model : null;
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index]!;
      const childModel = modelRecord !== null && Object.hasOwn(modelRecord, key) ? modelRecord[key] : undefined;
      record[key] = this.value(childModel, depth + 1);
    }
    return record;
  }

  /** Refuses a count that exceeds the remaining bytes, before memory is allocated. Every child takes at least one byte. */
  private assertRoom(count: number, depth: number): void {
    if (depth >= DEPTH_MAX) refuse(`a value has more than ${DEPTH_MAX} levels`);
    if (count > this.end - this.at) refuse('a count exceeds the bytes that remain');
  }

  private newKeys(count: number): readonly string[] {
    if (count > this.end - this.at) refuse('a count exceeds the bytes that remain');
    const keys: string[] = [];
    for (let index = 0; index < count; index++) {
      const key = this.text();
      if (key === '__proto__') refuse('a key is __proto__');
      if (index > 0 && compareKeys(keys[index - 1]!, key) >= 0) refuse('keys are not sorted');
      keys.push(key);
    }
    this.known.push(keys);
    return keys;
  }

  private knownKeys(index: number): readonly string[] {
    const keys = this.known[index];
    return keys === undefined ? refuse('it has no such key list') : keys;
  }

  private keysOf(model: unknown, depth: number): readonly string[] {
    if (!isRecord(model)) return refuse('a value is like another one that is no object');
    const keys = keyListOf(model, this.guesses[depth] ?? null);
    this.guesses[depth] = keys;
    return keys.sorted;
  }
}

/** Returns a number that was read from the bytes. Refuses NaN, the infinities and -0, because no sender writes them. */
export function finite(value: number): number {
  if (value - value !== 0 || Object.is(value, -0)) refuse('a number is not finite, or is -0');
  return value;
}

function isRecord(value: unknown): value is PlainRecord {
  return hasChildren(value) && !Array.isArray(value);
}
