/** Rounds a number to a multiple of a step. The result is never -0. */
export type Rounding = (value: number) => number;

/**
 * A number of this many steps or more is not rounded, because the computation would not be exact. A number of this size can hardly
 * represent a fraction of a step.
 */
const STEPS_MAX = 2 ** 50;
/** Largest n for which a step is regarded as the fraction 1/n, such as 1/100. */
const PER_ONE_MAX = 1e9;

/**
 * Returns a function that rounds a number to a step. It does not change NaN, the infinities and numbers of 2^50 steps or more.
 *
 * @param step the distance between two neighboring rounded numbers, in the unit of the state, such as 0.01
 * @throws RangeError when `step` is not a positive finite number
 */
export function roundingTo(step: number): Rounding {
  if (!(step > 0 && step < Number.POSITIVE_INFINITY)) throw new RangeError(`The step is ${step}: it must be a positive finite number.`);
  const wholePerOne = Math.round(1 / step);
  const isFraction = wholePerOne >= 1 && wholePerOne <= PER_ONE_MAX && 1 / wholePerOne === step;
  // Divides two integers, because their quotient is the double nearest to the decimal. A product such as 3 * 0.1 is not.
  if (isFraction) return (value) => rounded(value, wholePerOne, 1);
  return (value) => rounded(value, 1 / step, step);
}

function rounded(value: number, perOne: number, step: number): number {
  const steps = value * perOne;
  if (!(steps > -STEPS_MAX && steps < STEPS_MAX)) return value;
  const whole = Math.floor(steps + 0.5);
  return (step === 1 ? whole / perOne : whole * step) + 0;
}
