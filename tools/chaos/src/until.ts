import { until as untilTrue } from '../../process/until.mjs';

const PAUSE_MS_MAX = 50;

/** Polls seldom, because many parts of a chaos run poll the same fleet at the same time. */
export function until<T>(condition: () => T | Promise<T>, deadlineMs: number, pauseMsMax = PAUSE_MS_MAX): Promise<NonNullable<T>> {
  return untilTrue(condition, deadlineMs, pauseMsMax);
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
