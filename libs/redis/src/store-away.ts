/** As ioredis says it: the connection is down, or a command got no reply in time. What was asked may have been done all the same. */
export function isStoreAway(error: unknown): boolean {
  const message = (error as { message?: unknown } | null)?.message;
  return (
    typeof message === 'string' &&
    /Stream isn't writeable|Connection is closed|Command timed out|max retries|ECONN|CLUSTERDOWN/i.test(message)
  );
}
