import { NotPlainError, type ReadLimits } from './plain-value.js';

/**
 * Parses the dialect of `plain-value.ts` in JSON form: the same limits for values and depth, no key `__proto__`, and no lone surrogates.
 * When a key occurs twice, the last value is valid. Throws `NotPlainError` with a message that quotes nothing of the text.
 */
export function parsePlainJson(json: string, limits: ReadLimits): unknown {
  let value: unknown;
  try {
    // The limits can be checked after the parse: the native parser cannot overflow the stack at any depth, and the length of the text
    // bounds the size of its result.
    value = JSON.parse(json);
  } catch {
    throw new NotPlainError('no JSON');
  }
  // Well-formed text can contain a lone surrogate only as an escape. Most messages have no escape, so their texts need no check.
  const budget = { nodes: limits.nodes, areTextsChecked: json.includes('\\u') || HALF_A_PAIR.test(json), hasLargeNumbers: false };
  check(value, limits.depth, budget);
  if (budget.hasLargeNumbers) refuseRounded(json);
  return value;
}

/** Checks a value that was already parsed from JSON. Throws `NotPlainError`. */
export function assertPlainJson(value: unknown, limits: ReadLimits): void {
  check(value, limits.depth, { nodes: limits.nodes, areTextsChecked: true, hasLargeNumbers: false });
}

interface Budget {
  nodes: number;
  readonly areTextsChecked: boolean;
  /** True when the value has integers beyond ±(2^53 − 1), which `JSON.parse` may have rounded. */
  hasLargeNumbers: boolean;
}

function check(value: unknown, depth: number, budget: Budget): void {
  budget.nodes -= 1;
  if (budget.nodes < 0) throw new NotPlainError('too many values');
  if (typeof value === 'string') return checkText(value, budget);
  if (typeof value === 'number') {
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) budget.hasLargeNumbers = true;
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (depth === 0) throw new NotPlainError('maps and arrays nested too deep');
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) check(value[index], depth - 1, budget);
    return;
  }
  // In a value from `JSON.parse`, every key is an own key, even `__proto__`. So this loop finds all keys.
  for (const key in value) {
    if (key === '__proto__') throw new NotPlainError('a key __proto__');
    checkText(key, budget);
    check((value as Record<string, unknown>)[key], depth - 1, budget);
  }
}

const TEXTS = /"(?:[^"\\]|\\.)*"/g;
/** Finds numbers. The time is linear also for long numbers, because each match in valid JSON is one complete number. */
const NUMBERS = /-?\d[\d.eE+-]*/g;
const LONG_INTEGER = /^-?\d{16,}$/;

/**
 * Refuses an integer that JavaScript cannot represent with the same digits, such as an id of 64 bits, because it would become another
 * number. A large number in the form that JavaScript writes is accepted.
 */
function refuseRounded(json: string): void {
  for (const [digits] of json.replace(TEXTS, '""').matchAll(NUMBERS)) {
    if (LONG_INTEGER.test(digits) && String(Number(digits)) !== digits) throw new NotPlainError('an integer with too many digits');
  }
}

const HALF_A_PAIR = /\p{Surrogate}/u;

function checkText(text: string, { areTextsChecked }: Budget): void {
  if (areTextsChecked && HALF_A_PAIR.test(text)) throw new NotPlainError('text with half of a surrogate pair');
}
