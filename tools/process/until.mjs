const DEADLINE_MS = 10_000;
const PAUSE_MS_MIN = 1;
const PAUSE_MS_MAX = 10;

// The real clock, even while a test replaces the global clock by a fake one.
const { setTimeout } = globalThis;
const now = performance.now.bind(performance);

/**
 * Repeats `condition` until its result is truthy, and returns that result. After `deadlineMs` it throws the last error of the
 * condition, or an error with the source of the condition. The pauses between two attempts grow to `pauseMsMax`.
 *
 * @template T
 * @param {() => T | Promise<T>} condition
 * @param {number} [deadlineMs]
 * @param {number} [pauseMsMax]
 * @returns {Promise<NonNullable<T>>}
 */
export async function until(condition, deadlineMs = DEADLINE_MS, pauseMsMax = PAUSE_MS_MAX) {
  const deadline = now() + deadlineMs;
  for (let pauseMs = Math.min(PAUSE_MS_MIN, pauseMsMax); ; pauseMs = Math.min(2 * pauseMs, pauseMsMax)) {
    /** @type {unknown} */
    let failure;
    try {
      const value = await condition();
      if (value) return value;
    } catch (error) {
      failure = error;
    }
    if (now() > deadline) throw failure ?? new Error(`The condition was not met within ${deadlineMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/**
 * Repeats `assertion` until it passes. After `deadlineMs` it throws the last failure.
 *
 * @param {() => void | Promise<void>} assertion
 * @param {number} [deadlineMs]
 * @returns {Promise<void>}
 */
export async function eventually(assertion, deadlineMs = DEADLINE_MS) {
  await until(async () => {
    await assertion();
    return true;
  }, deadlineMs);
}
