import { FleetError } from './admin-client.js';

const POLL_MS = 100;

/**
 * Waits until `isDone` returns true. A rejection of `isDone` counts as false, because a connection to Redis can break and be opened again.
 * A `FleetError` ends the wait.
 *
 * @throws FleetError with `problem`, and the last error if there is one, when `ms` have passed
 */
export async function within(ms: number, isDone: () => Promise<boolean>, problem: string | (() => Promise<string>)): Promise<void> {
  const deadline = performance.now() + ms;
  let failure = '';
  for (;;) {
    try {
      if (await isDone()) return;
      failure = '';
    } catch (error) {
      if (error instanceof FleetError) throw error;
      failure = (error as Error).message;
    }
    if (performance.now() > deadline) break;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  const text = typeof problem === 'string' ? problem : await problem().catch(() => 'Redis did not answer in time. Repeat the command.');
  throw new FleetError('unavailable', failure === '' ? text : `${text} The last error: ${failure}`);
}
