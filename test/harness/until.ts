const LOOK_MS = 10;
const ASK_AGAIN_MS = 50;

/**
 * Waits for a thing to be so: what `condition` gives as soon as that is truthy. Fails after `deadlineMs` with the
 * condition's own last error, if it threw, else with its source.
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
    if (performance.now() > deadline) throw failure ?? new Error(`was not so within ${deadlineMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/**
 * Asks until the answer is another than that the store is away: one that has just come back, or failed over, may break connections
 * once more, and not all servers' at the same moment. For what may be asked twice.
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
