import { ByteWriter } from './byte-writer.js';
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
  SHORT_MAX,
  SMALL_MAX,
  SMALL_NEGATIVE,
  SMALL_NEGATIVE_MIN,
  TRUE,
} from './format.js';
import { isSameKeys, type KeyList, keyListOf } from './key-list.js';
import { decimalDigits, decimalSteps, isFloat32, STEPS_MAX, zigzag } from './numbers.js';
import { assertFinite, assertRecord, hasChildren, type PlainRecord, refuseDepth, refuseKind } from './plain.js';

/** Maximum number of decimal steps of a float32 that is written as a decimal. With more steps, a decimal would take more bytes. */
export const DECIMAL_OF_FLOAT32_MAX = 2 ** 21;

/** Writes whole values. */
export class ValueWriter extends ByteWriter {
  /** The number of digits after the point of the last decimal in this message. 0: the message has no decimal yet. */
  digits = 0;
  private messageNumber = 0;
  private keyLists = 0;
  /** The key list of the last object at each depth. The next object at the same depth probably has the same keys. */
  private readonly guesses: (KeyList | null)[] = [];

  /** Begins a message: resets the data of the previous one. */
  begin(): void {
    this.reset();
    this.digits = 0;
    this.messageNumber++;
    this.keyLists = 0;
  }

  /** @param model an old value that the receiver has too. An object with the same keys as the model is written without its keys. */
  value(value: unknown, model: unknown, depth: number): void {
    if (typeof value === 'number') this.number(value);
    else if (typeof value === 'string') this.text(value);
    else if (typeof value === 'boolean') this.byte(value ? TRUE : FALSE);
    else if (value === null) this.byte(NULL);
    else if (typeof value !== 'object') refuseKind(value);
    else if (depth >= DEPTH_MAX) refuseDepth();
    else if (Array.isArray(value)) this.list(value, model, depth);
    else this.record(value as PlainRecord, model, depth);
  }

  private number(value: number): void {
    if (Number.isInteger(value) && value > -STEPS_MAX && value < STEPS_MAX) this.integer(value);
    else {
      assertFinite(value);
      this.fraction(value);
    }
  }

  private integer(value: number): void {
    if (value < 0) {
      if (value >= SMALL_NEGATIVE_MIN) this.byte(SMALL_NEGATIVE - 1 - value);
      else {
        this.byte(NEGATIVE);
        this.varint(-1 - value);
      }
    } else if (value <= SMALL_MAX) this.byte(value);
    else {
      this.byte(INTEGER);
      this.varint(value);
    }
  }

  private fraction(value: number): void {
    const isSingle = isFloat32(value);
    const digits = decimalDigits(value, this.digits, isSingle);
    const steps = digits > 0 ? zigzag(decimalSteps(value, digits)) : 0;
    if (digits > 0 && (!isSingle || steps < DECIMAL_OF_FLOAT32_MAX)) {
      this.digits = digits;
      this.byte(DECIMAL + digits);
      this.varint(steps);
    } else if (isSingle) {
      this.byte(FLOAT32);
      this.float32(value);
    } else {
      this.byte(FLOAT64);
      this.float64(value);
    }
  }

  private list(list: readonly unknown[], model: unknown, depth: number): void {
    this.tagWithCount(SHORT_LIST, LIST, list.length);
    const modelItem: unknown = Array.isArray(model) ? model[0] : undefined;
    for (let index = 0; index < list.length; index++) this.value(list[index], modelItem, depth + 1);
  }

  private record(record: PlainRecord, model: unknown, depth: number): void {
    assertRecord(record);
    const keys = keyListOf(record, this.guesses[depth] ?? null);
    this.guesses[depth] = keys;
    const modelRecord = hasChildren(model) && !Array.isArray(model) ? (model as PlainRecord) : null;
    if (modelRecord !== null && isSameKeys(keyListOf(modelRecord, keys).sorted, keys.sorted)) this.byte(LIKE);
    else this.keys(keys);
    const { sorted } = keys;
    for (let index = 0; index < sorted.length; index++) {
      const key = sorted[index]!;
      const child = record[key];
      const childModel = hasChildren(child) && modelRecord !== null && Object.hasOwn(modelRecord, key) ? modelRecord[key] : undefined;
      this.value(child, childModel, depth + 1);
    }
  }

  private keys(keys: KeyList): void {
    if (keys.messageNumber === this.messageNumber) {
      this.tagWithCount(SHORT_KNOWN, KNOWN, keys.index);
      return;
    }
    keys.messageNumber = this.messageNumber;
    keys.index = this.keyLists++;
    this.tagWithCount(SHORT_KEYS, KEYS, keys.sorted.length);
    for (const key of keys.sorted) this.text(key);
  }

  private tagWithCount(shortTag: number, longTag: number, count: number): void {
    if (count <= SHORT_MAX) this.byte(shortTag + count);
    else {
      this.byte(longTag);
      this.varint(count);
    }
  }
}
