import type { Redis } from 'ioredis';

/**
 * Commands of one turn of the event loop leave in one system call, and those that are text as one string. ioredis writes
 * each by itself, which costs more than all else it does for a command; its own pipelines would have to be built by every
 * caller that starts many at once.
 */
export function batchWrites(client: Redis): void {
  // A new stream with each connection.
  client.on('connect', () => batchWritesOf(client.stream));
}

function batchWritesOf(stream: Redis['stream']): void {
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
  const end = stream.end.bind(stream) as (...args: unknown[]) => typeof stream;
  /** What is to be written and is text: a stream that is handed a hundred strings looks at each of them several times. */
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
  // A farewell is not sent before what was said.
  stream.end = (...args: unknown[]) => {
    writeText();
    return end(...args);
  };
}
