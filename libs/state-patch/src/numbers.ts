/** All computations in this file are exact for integers whose absolute value is below this limit. */
export const STEPS_MAX = 2 ** 49;

const SCALES = [1, 10, 100, 1_000, 10_000];
export const DIGITS_MAX = SCALES.length - 1;

/** Returns the number of steps of 10^-`digits` in `value`, rounded. */
export function decimalSteps(value: number, digits: number): number {
  return Math.floor(value * SCALES[digits]! + 0.5);
}

/** Returns the number that has this many steps of 10^-`digits`. */
export function fromDecimalSteps(steps: number, digits: number): number {
  return steps / SCALES[digits]!;
}

/**
 * Returns the number of digits after the point with which a decimal is exactly `value`. -1: no such decimal was found. Tries `preferred`,
 * the precision of the last number, first, and then more digits, because most numbers of one state have the same precision. For a float32,
 * tries at most two digits, because with more digits the number takes fewer bytes as a float32.
 * @param preferred 0 when there is no last number
 */
export function decimalDigits(value: number, preferred: number, isFloat32: boolean): number {
  if (preferred > 0 && isDecimal(value, preferred)) return preferred;
  const max = isFloat32 ? FLOAT32_DIGITS_MAX : DIGITS_MAX;
  for (let digits = preferred + 1; digits <= max; digits++) if (isDecimal(value, digits)) return digits;
  return -1;
}

const FLOAT32_DIGITS_MAX = 2;

function isDecimal(value: number, digits: number): boolean {
  const steps = decimalSteps(value, digits);
  return fromDecimalSteps(steps, digits) === value && steps > -STEPS_MAX && steps < STEPS_MAX;
}

/** Maps 0, -1, 1, -2, 2 … to 0, 1, 2, 3, 4 …, so that small numbers of either sign are short. */
export function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

export function fromZigzag(value: number): number {
  const half = Math.floor(value / 2);
  return half * 2 === value ? half : -half - 1;
}

const scratch = new DataView(new ArrayBuffer(8));

/** Returns the upper 32 bits of a float64, as a signed integer. `lowBits` then returns the lower 32 bits of the same number. */
export function highBits(value: number): number {
  scratch.setFloat64(0, value);
  return scratch.getInt32(0);
}

/** Returns the lower 32 bits of the last argument of `highBits`. */
export function lowBits(): number {
  return scratch.getUint32(4);
}

/** Returns the number of float32 steps from `from` to `to`, as a signed integer of 32 bits that wraps around. */
export function float32Steps(from: number, to: number): number {
  scratch.setFloat32(0, from);
  scratch.setFloat32(4, to);
  return (scratch.getInt32(4) - scratch.getInt32(0)) | 0;
}

export function addFloat32Steps(from: number, steps: number): number {
  scratch.setFloat32(0, from);
  scratch.setInt32(0, (scratch.getInt32(0) + steps) | 0);
  return scratch.getFloat32(0);
}

/** Returns the number of float64 steps from `from` to `to`. It is exact up to 2^53 steps. */
export function float64Steps(from: number, to: number): number {
  const high = highBits(from);
  const low = lowBits();
  return (highBits(to) - high) * 2 ** 32 + (lowBits() - low);
}

/** @param steps an integer below 2^53 */
export function addFloat64Steps(from: number, steps: number): number {
  const stepsHigh = Math.floor(steps / 2 ** 32);
  const high = highBits(from) + stepsHigh;
  const low = lowBits() + (steps - stepsHigh * 2 ** 32);
  scratch.setInt32(0, (high + Math.floor(low / 2 ** 32)) | 0);
  scratch.setUint32(4, low >>> 0);
  return scratch.getFloat64(0);
}

/** Reads a big-endian float32 or float64 without creating a view of these bytes. */
export function float32At(bytes: Uint8Array, at: number): number {
  for (let index = 0; index < 4; index++) scratch.setUint8(index, bytes[at + index]!);
  return scratch.getFloat32(0);
}

export function float64At(bytes: Uint8Array, at: number): number {
  for (let index = 0; index < 8; index++) scratch.setUint8(index, bytes[at + index]!);
  return scratch.getFloat64(0);
}

/** True when a float32 represents the number exactly. */
export function isFloat32(value: number): boolean {
  return Math.fround(value) === value;
}
