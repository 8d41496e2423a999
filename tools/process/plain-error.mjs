/** A problem that the user can fix. Its message says how. The tools print this message without a stack trace. */
export class PlainError extends Error {
  /** The exit code of the process. */
  exitCode = 1;
}

/** A command line with an error. Tools exit with 2, so that a script can tell it from a failure of the work. */
export class UsageError extends PlainError {
  /** @override */
  exitCode = 2;
}

/** @template T @param {Promise<T>} work @returns {Promise<T>} rejects with a `PlainError` that has the message of the original error */
export async function plainly(work) {
  try {
    return await work;
  } catch (error) {
    throw new PlainError(error instanceof Error ? error.message : String(error));
  }
}
