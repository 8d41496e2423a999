import { until as untilTrue } from '../process/until.mjs';

/**
 * Repeats `condition` until its result is truthy, and returns that result. After `deadlineMs` (10 s by default) it throws the last error of
 * the condition, or an error with the source of the condition.
 */
export function until<T>(condition: () => T | Promise<T>, deadlineMs?: number): Promise<NonNullable<T>> {
  return untilTrue(condition, deadlineMs);
}
