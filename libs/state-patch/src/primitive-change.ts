import { ADD, FLIP, SET, SMALL_MAX, SMALL_NEGATIVE_MIN, SPLICE, STEP32, STEP64 } from './format.js';
import { decimalDigits, decimalSteps, float32Steps, float64Steps, fromDecimalSteps, isFloat32, STEPS_MAX, zigzag } from './numbers.js';
import type { OperationWriter, Siblings } from './operation-writer.js';
import { assertFinite } from './plain.js';
import { DECIMAL_OF_FLOAT32_MAX, type ValueWriter } from './value-writer.js';

/** Limit for a difference in float64 steps. Below it, the difference is an exact integer and takes at most eight bytes. */
const STEP64_MAX = 2 ** 52;
/**
 * Minimum length of a string that is sent as an edit, and minimum number of its characters that the edit leaves unchanged. With fewer
 * characters, the whole string takes fewer bytes.
 */
const SPLICE_CHARS_MIN = 5;
const SPLICE_KEPT_MIN = 4;

/** Writes the change of a child that is a primitive before and after. */
export class PrimitiveChange {
  constructor(
    private readonly operations: OperationWriter,
    private readonly values: ValueWriter,
  ) {}

  number(siblings: Siblings, index: number, before: number, after: number): void {
    if (Number.isInteger(before) && Number.isInteger(after)) {
      const steps = zigzag(after - before);
      const isOneByte = after >= SMALL_NEGATIVE_MIN && after <= SMALL_MAX;
      if (isSteps(before) && isSteps(after) && (steps < 0x80 || !isOneByte)) this.steps(siblings, ADD, index, steps);
      else this.set(siblings, index, before, after);
      return;
    }
    const { digits } = this.values;
    if (digits > 0 && this.decimal(siblings, index, before, after, digits, DECIMAL_OF_FLOAT32_MAX)) return;
    this.otherNumber(siblings, index, before, after);
  }

  text(siblings: Siblings, index: number, before: string, after: string): void {
    if (after.length >= SPLICE_CHARS_MIN) {
      const kept = Math.min(before.length, after.length);
      const start = commonStart(before, after, kept);
      const end = commonEnd(before, after, kept - start);
      if (start + end >= SPLICE_KEPT_MIN) {
        this.operations.operation(siblings, SPLICE, index);
        this.values.varint(start);
        this.values.varint(end);
        this.values.text(after.slice(start, after.length - end));
        return;
      }
    }
    this.set(siblings, index, before, after);
  }

  flip(siblings: Siblings, index: number): void {
    this.operations.operation(siblings, FLIP, index);
  }

  /**
   * Writes the change of a number that does not fit the decimal places of the last number in the message, or that changed by too many steps
   * of these decimal places.
   */
  private otherNumber(siblings: Siblings, index: number, before: number, after: number): void {
    assertFinite(after);
    const isSingle = isFloat32(after);
    const digits = decimalDigits(after, this.values.digits, isSingle);
    if (digits > 0 && this.decimal(siblings, index, before, after, digits, isSingle ? DECIMAL_OF_FLOAT32_MAX : STEPS_MAX)) return;
    if (isSingle) {
      this.steps(siblings, STEP32, index, zigzag(float32Steps(before, after)));
      return;
    }
    const steps = float64Steps(before, after);
    if (steps > -STEP64_MAX && steps < STEP64_MAX) this.steps(siblings, STEP64, index, zigzag(steps));
    else this.set(siblings, index, before, after);
  }

  /**
   * Writes the difference in decimal steps. Returns false, without writing, when `after` has more digits or the difference is too large.
   */
  private decimal(siblings: Siblings, index: number, before: number, after: number, digits: number, stepsMax: number): boolean {
    const afterSteps = decimalSteps(after, digits);
    if (fromDecimalSteps(afterSteps, digits) !== after || !isSteps(afterSteps)) return false;
    const steps = zigzag(afterSteps - decimalSteps(before, digits));
    if (steps >= stepsMax) return false;
    this.values.digits = digits;
    this.steps(siblings, ADD + digits, index, steps);
    return true;
  }

  private set(siblings: Siblings, index: number, before: unknown, after: unknown): void {
    this.operations.operation(siblings, SET, index);
    this.values.value(after, before, 0);
  }

  private steps(siblings: Siblings, kind: number, index: number, steps: number): void {
    this.operations.operation(siblings, kind, index);
    this.values.varint(steps);
  }
}

function isSteps(integer: number): boolean {
  return integer > -STEPS_MAX && integer < STEPS_MAX;
}

/**
 * Returns the number of ASCII characters with which both texts begin. Stops at any other character, because the string length of
 * such a character differs between programming languages.
 */
function commonStart(a: string, b: string, max: number): number {
  for (let at = 0; at < max; at++) {
    const unit = a.charCodeAt(at);
    if (unit !== b.charCodeAt(at) || unit >= 0x80) return at;
  }
  return max;
}

function commonEnd(a: string, b: string, max: number): number {
  for (let at = 0; at < max; at++) {
    const unit = a.charCodeAt(a.length - 1 - at);
    if (unit !== b.charCodeAt(b.length - 1 - at) || unit >= 0x80) return at;
  }
  return max;
}
