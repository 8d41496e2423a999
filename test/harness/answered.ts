const PAUSE_MS = 50;

/**
 * Repeats a request while it fails with `unavailable`. After a restart or failover the store can close each server's connections a second
 * time, at any moment. Use this function only for idempotent requests.
 */
export async function answered<T>(ask: () => Promise<T>, deadlineMs = 10_000): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if ((error as { code?: string }).code !== 'unavailable' || performance.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
