/**
 * Waits until the condition is true. Rejects after `deadlineMs`, with the last error of the condition if there is one. The tests have a
 * similar function. This tool cannot import it, because a compiled tool contains only files of its own folder.
 */
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
    if (performance.now() > deadline) throw failure ?? new Error(`the condition was not true within ${deadlineMs} ms`);
    await pause(lookMs);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
