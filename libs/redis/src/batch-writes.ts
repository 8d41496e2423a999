import type { Redis } from 'ioredis';

/**
 * Commands of one turn of the event loop leave in one system call. ioredis writes each by itself, which costs more than
 * all else it does for a command; its own pipelines would have to be built by every caller that starts many at once.
 */
export function batchWrites(client: Redis): void {
  // A new stream with each connection.
  client.on('connect', () => {
    const { stream } = client;
    const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
    let isCorked = false;
    const uncork = (): void => {
      isCorked = false;
      stream.uncork();
    };
    stream.write = (...args: unknown[]): boolean => {
      if (!isCorked) {
        isCorked = true;
        stream.cork();
        process.nextTick(uncork);
      }
      return write(...args);
    };
  });
}
