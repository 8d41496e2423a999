import { DEPTH_MAX } from './format.js';
import { type KeyList, keyListOf } from './key-list.js';
import { highBits, lowBits } from './numbers.js';
import { assertFinite, assertWellFormed, type PlainRecord, refuseDepth, refuseKind } from './plain.js';

/**
 * MurmurHash3 (32 bits, seed 0) of a sequence of 32-bit words, without its tail of single bytes.
 * Source: https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp
 */
let state = 0;
let words = 0;

/** The first word that is hashed for a value. It depends on the kind of the value. */
const NULL = 0;
const FALSE = 1;
const TRUE = 2;
const NUMBER = 3;
const TEXT = 4;
const LIST = 5;
const RECORD = 6;

/** The key list of the last object at each depth. The next object at the same depth probably has the same keys. */
const guesses: (KeyList | null)[] = [];

/**
 * Hashes a plain value to an unsigned integer of 32 bits. Equal values have equal hashes, whatever the order of their keys. Two different
 * values have the same hash with a probability of 2^-32. An attacker can find such values, so the hash is no protection against fraud.
 *
 * @throws StatePatchError when the value is not plain data, or nested more than 500 levels
 * @example
 * hashValue({ x: 1, y: 2 }) === hashValue({ y: 2, x: 1 }) // true
 */
export function hashValue(value: unknown): number {
  state = words = 0;
  mixValue(value, 0);
  return finish();
}

function mixValue(value: unknown, depth: number): void {
  if (typeof value === 'number') mixNumber(value);
  else if (typeof value === 'string') {
    mix(TEXT);
    mixText(value);
  } else if (typeof value === 'boolean') mix(value ? TRUE : FALSE);
  else if (value === null) mix(NULL);
  else if (typeof value !== 'object') refuseKind(value);
  else if (depth >= DEPTH_MAX) refuseDepth();
  else if (Array.isArray(value)) {
    mix(LIST);
    mix(value.length);
    for (let index = 0; index < value.length; index++) mixValue(value[index], depth + 1);
  } else mixRecord(value as PlainRecord, depth);
}

function mixNumber(value: number): void {
  assertFinite(value);
  mix(NUMBER);
  // `+ 0` turns -0 into 0.
  mix(highBits(value + 0));
  mix(lowBits());
}

function mixRecord(record: PlainRecord, depth: number): void {
  const list = keyListOf(record, guesses[depth] ?? null);
  guesses[depth] = list;
  if (list.hash < 0) list.hash = hashKeys(list.sorted);
  mix(RECORD);
  mix(list.hash);
  for (let index = 0; index < list.sorted.length; index++) mixValue(record[list.sorted[index]!], depth + 1);
}

/** Returns the hash of sorted keys. `KeyList` stores it, so that it is computed once. */
function hashKeys(keys: readonly string[]): number {
  const outerState = state;
  const outerWords = words;
  state = words = 0;
  for (const key of keys) mixText(key);
  const hash = finish();
  state = outerState;
  words = outerWords;
  return hash;
}

/** Hashes one word for each code point, and then the number of code points. */
function mixText(text: string): void {
  assertWellFormed(text);
  let count = 0;
  for (let at = 0; at < text.length; at++, count++) {
    const code = text.codePointAt(at)!;
    if (code > 0xffff) at++;
    mix(code);
  }
  mix(count);
}

function mix(word: number): void {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  state ^= k;
  state = (Math.imul((state << 13) | (state >>> 19), 5) + 0xe6546b64) | 0;
  words++;
}

function finish(): number {
  let hash = state ^ (words * 4);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
