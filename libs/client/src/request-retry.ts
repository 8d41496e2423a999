import { HoldfastError } from '#libs/protocol';

/** The delay before the second try, in ms. Each further failure doubles the delay. */
const FIRST_PAUSE_MS = 100;
const PAUSE_MS_MAX = 5_000;

/**
 * Returns the result of `work`. Rejects with the reason of the signal as soon as the signal is aborted. An abort does not stop the work.
 */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort);
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    if (signal.aborted) abort();
  });
}

/**
 * Repeats a request until it has an answer, also after the refusal `overtaken`. The request must be idempotent, because the server may
 * execute it twice or after a later request.
 *
 * @throws the first refusal without `retry` that is not `overtaken`, the last refusal after `triesMax` tries, or any other error of `ask`
 */
export async function untilAnswered<T>(ask: () => Promise<T>, triesMax = Number.POSITIVE_INFINITY): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof HoldfastError) || tries >= triesMax) throw error;
      if (!error.retry && error.code !== 'overtaken') throw error;
      const pauseMs = Math.max(error.retryAfterMs ?? 0, Math.min(PAUSE_MS_MAX, FIRST_PAUSE_MS * 2 ** (tries - 1)));
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}
