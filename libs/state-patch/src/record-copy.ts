import type { PlainRecord } from './plain.js';

/** V8 copies a small object fast by spreading. A larger one is faster as a dictionary. */
const SPREAD_KEYS_MAX = 128;

/** Copies an object with these keys. */
export function copyRecord(record: PlainRecord, keys: readonly string[]): Record<string, unknown> {
  if (keys.length <= SPREAD_KEYS_MAX) return { ...record };
  const copy = emptyRecord(keys.length);
  for (let index = 0; index < keys.length; index++) copy[keys[index]!] = record[keys[index]!];
  return copy;
}

/** Returns an empty object that is fast to fill with this many keys. */
export function emptyRecord(keyCount: number): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  if (keyCount <= SPREAD_KEYS_MAX) return record;
  // V8 switches an object to a dictionary when its first key is deleted.
  record.a = record.b = 1;
  delete record.a;
  delete record.b;
  return record;
}
