import { refuse } from './byte-reader.js';
import { ADD, FLIP, SET, SPLICE, STEP32, STEP64 } from './format.js';
import { addFloat32Steps, addFloat64Steps, DIGITS_MAX, decimalSteps, fromDecimalSteps, fromZigzag } from './numbers.js';
import { finite, type ValueReader } from './value-reader.js';

/** Returns the new value of a child after an operation on a primitive, such as SET or ADD. */
export function editedPrimitive(kind: number, before: unknown, values: ValueReader, depth: number): unknown {
  if (kind === SET) return values.value(before, depth + 1);
  if (kind === FLIP) return typeof before === 'boolean' ? !before : refuse('it negates a value that is no boolean');
  if (kind === SPLICE) return typeof before === 'string' ? spliced(before, values) : refuse('it edits a value that is no string');
  if (kind < ADD || kind > STEP64) return refuse('an operation is unknown');
  if (typeof before !== 'number') return refuse('it adds to a value that is no number');
  const steps = fromZigzag(values.varint());
  if (kind === STEP32) return finite(addFloat32Steps(before, steps));
  if (kind === STEP64) return finite(addFloat64Steps(before, steps));
  const digits = kind - ADD;
  return digits > DIGITS_MAX ? refuse('an operation is unknown') : finite(fromDecimalSteps(decimalSteps(before, digits) + steps, digits));
}

function spliced(before: string, values: ValueReader): string {
  const startChars = values.varint();
  const endChars = values.varint();
  if (startChars + endChars > before.length) refuse('it keeps more characters than the string has');
  const start = before.slice(0, startChars);
  const end = before.slice(before.length - endChars);
  if (!isAscii(start) || !isAscii(end)) refuse('it keeps characters that are not ASCII');
  return start + values.text() + end;
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) >= 0x80) return false;
  return true;
}
