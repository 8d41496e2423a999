/** A problem that the user can fix. Its message says how. The tools print this message without a stack trace. */
export class PlainError extends Error {}

/** @template T @param {Promise<T>} work @returns {Promise<T>} rejects with a `PlainError` that has the message of the original error */
export async function plainly(work) {
  try {
    return await work;
  } catch (error) {
    throw new PlainError(error instanceof Error ? error.message : String(error));
  }
}
