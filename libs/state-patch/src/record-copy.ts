import type { PlainRecord } from './plain.js';

/** Maximum number of keys of an object that V8 copies fast by spreading. With more keys, a dictionary is faster. */
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
  // Deletes the first of several keys, because V8 then stores the object as a dictionary.
  record.a = record.b = 1;
  delete record.a;
  delete record.b;
  return record;
}

/** Returns a copy of `record`, which has these keys, without the keys to remove. */
export function without(removed: ReadonlySet<string>, record: PlainRecord, keys: readonly string[]): Record<string, unknown> {
  const next = emptyRecord(keys.length);
  for (const key of keys) if (!removed.has(key)) next[key] = record[key];
  return next;
}
