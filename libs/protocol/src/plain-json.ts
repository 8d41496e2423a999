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
  // Text that is well formed itself can hold half of a pair only in an escape: most messages have none.
  check(value, limits.depth, { nodes: limits.nodes, areTextsChecked: json.includes('\\u') || HALF_A_PAIR.test(json) });
  return value;
}

/** For JSON that somebody else has parsed. Throws `NotPlainError`. */
export function assertPlainJson(value: unknown, limits: ReadLimits): void {
  check(value, limits.depth, { nodes: limits.nodes, areTextsChecked: true });
}

interface Budget {
  nodes: number;
  readonly areTextsChecked: boolean;
}

function check(value: unknown, depth: number, budget: Budget): void {
  budget.nodes -= 1;
  if (budget.nodes < 0) throw new NotPlainError('too many values');
  if (typeof value === 'string') return checkText(value, budget);
  if (typeof value !== 'object' || value === null) return;
  if (depth === 0) throw new NotPlainError('maps and arrays nested too deep');
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) check(value[index], depth - 1, budget);
    return;
  }
  // What JSON.parse made has own keys only, `__proto__` among them.
  for (const key in value) {
    if (key === '__proto__') throw new NotPlainError('a key __proto__');
    checkText(key, budget);
    check((value as Record<string, unknown>)[key], depth - 1, budget);
  }
}

const HALF_A_PAIR = /\p{Surrogate}/u;

function checkText(text: string, { areTextsChecked }: Budget): void {
  if (areTextsChecked && HALF_A_PAIR.test(text)) throw new NotPlainError('text with half of a surrogate pair');
}
