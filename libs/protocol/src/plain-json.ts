import { NotPlainError, type ReadLimits } from './plain-value.js';

/**
 * The dialect of `plain-value.ts` in JSON: the same budget of values and of depth, no key `__proto__`, and no half of a
 * surrogate pair, which is no text. A key that comes twice has its last value. Throws `NotPlainError`, which quotes
 * nothing of the text.
 */
export function parsePlainJson(json: string, limits: ReadLimits): unknown {
  let value: unknown;
  try {
    // Native, and of a depth that a stack does not bound; what it builds is bounded by the length of the text.
    value = JSON.parse(json);
  } catch {
    throw new NotPlainError('no JSON');
  }
  assertPlainJson(value, limits);
  return value;
}

/** For JSON that somebody else has parsed. Throws `NotPlainError`. */
export function assertPlainJson(value: unknown, limits: ReadLimits): void {
  check(value, limits.depth, { nodes: limits.nodes });
}

function check(value: unknown, depth: number, left: { nodes: number }): void {
  left.nodes -= 1;
  if (left.nodes < 0) throw new NotPlainError('too many values');
  if (typeof value === 'string') return checkText(value);
  if (typeof value !== 'object' || value === null) return;
  if (depth === 0) throw new NotPlainError('maps and arrays nested too deep');
  if (Array.isArray(value)) {
    for (const item of value) check(item, depth - 1, left);
    return;
  }
  for (const key of Object.keys(value)) {
    if (key === '__proto__') throw new NotPlainError('a key __proto__');
    checkText(key);
    check((value as Record<string, unknown>)[key], depth - 1, left);
  }
}

const HALF_A_PAIR = /\p{Surrogate}/u;

function checkText(text: string): void {
  if (HALF_A_PAIR.test(text)) throw new NotPlainError('text with half of a surrogate pair');
}
