import type { ChainableCommander } from 'ioredis';

export type Replies = [error: Error | null, result: unknown][];

/** Limits the wait for a pipeline, because ioredis 6 may never settle a pipeline whose connection broke. */
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

/** Longer than the timeout of a command: it only catches a pipeline that never settles. */
export const PIPELINE_TIMEOUT_MS = 5_000;
