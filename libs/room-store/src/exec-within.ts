import type { ChainableCommander } from 'ioredis';

export type Replies = [error: Error | null, result: unknown][];

/**
 * Runs a pipeline and returns its replies. Returns an empty list when the pipeline fails or does not settle in time, because ioredis 6
 * sometimes never settles a pipeline whose connection broke.
 */
export async function execWithin(pipeline: ChainableCommander, timeoutMs = PIPELINE_TIMEOUT_MS): Promise<Replies> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<Replies>((resolve) => {
    timer = setTimeout(() => resolve([]), timeoutMs);
  });
  try {
    return await Promise.race([pipeline.exec().then((replies) => (replies ?? []) as Replies), timeout]);
  } catch {
    return [];
  } finally {
    clearTimeout(timer);
  }
}

/** Longest wait for a pipeline, in ms. It is longer than the timeout of a command, because it is only for pipelines that never settle. */
export const PIPELINE_TIMEOUT_MS = 5_000;
