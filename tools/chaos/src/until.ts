/** Waits for a thing to be so. Fails after `deadlineMs` with the condition's own last error, if it threw. */
export async function until<T>(condition: () => T | Promise<T>, deadlineMs: number, lookMs = 50): Promise<NonNullable<T>> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    let failure: unknown;
    try {
      const value = await condition();
      if (value) return value as NonNullable<T>;
    } catch (error) {
      failure = error;
    }
    if (performance.now() > deadline) throw failure ?? new Error(`was not so within ${deadlineMs} ms`);
    await pause(lookMs);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
