import type { Redis } from 'ioredis';

/**
 * Writes all commands of one tick with one system call, and text commands as one string. ioredis writes each command separately, and these
 * writes take most of its CPU time. A pipeline of ioredis also avoids separate writes, but each caller must build it.
 */
export function batchWrites(client: Redis): void {
  // Runs for each new connection, because each connection has a new stream.
  client.on('connect', () => batchWritesOf(client.stream));
}

function batchWritesOf(stream: Redis['stream']): void {
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
  const end = stream.end.bind(stream) as (...args: unknown[]) => typeof stream;
  /** Pending text, as one string, because a stream is faster with one long string than with many short ones. */
  let text = '';
  let isDue = false;
  let isCorked = false;

  const writeText = (): void => {
    const gathered = text;
    text = '';
    if (gathered !== '' && !stream.destroyed) write(gathered);
  };
  const flush = (): void => {
    isDue = false;
    writeText();
    if (!isCorked) return;
    isCorked = false;
    stream.uncork();
  };

  stream.write = (data: unknown, ...rest: unknown[]): boolean => {
    if (!isDue) {
      isDue = true;
      process.nextTick(flush);
    }
    if (typeof data === 'string' && rest.length === 0) {
      text += data;
      return !stream.writableNeedDrain;
    }
    if (!isCorked) {
      isCorked = true;
      stream.cork();
    }
    writeText();
    return write(data, ...rest);
  };
  // Sends the pending text before the stream ends.
  stream.end = (...args: unknown[]) => {
    writeText();
    return end(...args);
  };
}
