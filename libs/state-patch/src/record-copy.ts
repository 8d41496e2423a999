import type { PlainRecord } from './plain.js';

/** V8 copies an object with at most this many keys fast by spreading. With more keys, a dictionary is faster. */
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
  // Makes V8 store the object as a dictionary: it does so when the first of several keys is deleted.
  record.a = record.b = 1;
  delete record.a;
  delete record.b;
  return record;
}

/** Returns a copy of `record`, which has these keys, without the removed ones. */
export function without(removed: ReadonlySet<string>, record: PlainRecord, keys: readonly string[]): Record<string, unknown> {
  const next = emptyRecord(keys.length);
  for (const key of keys) if (!removed.has(key)) next[key] = record[key];
  return next;
}
