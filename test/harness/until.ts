const LOOK_MS = 10;
const ASK_AGAIN_MS = 50;

/**
 * Repeats `condition` until its result is truthy, and returns that result. After `deadlineMs` it throws the last error of
 * the condition, or an error with the source of the condition.
 */
export async function until<T>(condition: () => T | Promise<T>, deadlineMs = 5_000): Promise<NonNullable<T>> {
  const deadline = performance.now() + deadlineMs;
  let failure: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value as NonNullable<T>;
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    if (performance.now() > deadline) throw failure ?? new Error(`The condition was not met within ${deadlineMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/**
 * Repeats a request while it fails with `unavailable`. After a restart or failover the store may break connections once more,
 * and not those of all servers at the same time. Use it only for idempotent requests.
 */
export async function answered<T>(ask: () => Promise<T>, deadlineMs = 10_000): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if ((error as { code?: string }).code !== 'unavailable' || performance.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
}
