import { until as untilTrue } from '../process/until.mjs';

/**
 * Calls `condition` repeatedly until its result is truthy, and returns this result. After `deadlineMs` (default: 10 s) it throws the last
 * error of the condition. If there was none, it throws an error with the source of the condition.
 */
export function until<T>(condition: () => T | Promise<T>, deadlineMs?: number): Promise<NonNullable<T>> {
  return untilTrue(condition, deadlineMs);
}
