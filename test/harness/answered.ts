const PAUSE_MS = 50;

/**
 * Repeats a request while it fails with `unavailable`. After a restart or failover the store may break connections a second time, for each
 * server at another moment. Use this only for idempotent requests.
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
