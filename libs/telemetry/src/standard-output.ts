import { OutputWriter } from './output-writer.js';

const writers = new Map<1 | 2, OutputWriter>();

/** Returns the only writer of this process's standard output (1) or standard error (2). */
export function standardWriter(fd: 1 | 2): OutputWriter {
  let writer = writers.get(fd);
  if (!writer) {
    writer = new OutputWriter(fd);
    writers.set(fd, writer);
  }
  return writer;
}

/**
 * Redirects `console` and all other output of this process to the writers of the log. A full disk or a stalled reader then causes no error
 * in the code that writes, and does not block this code. Call this function once, before the first output.
 */
export function guardStandardStreams(): void {
  for (const [stream, fd] of [
    [process.stdout, 1],
    [process.stderr, 2],
  ] as const) {
    const writer = standardWriter(fd);
    // An earlier write through Node's own streams can still fail. Without a listener, that error would end the process.
    stream.on('error', () => {});
    stream.write = ((chunk: string | Uint8Array, encoding?: BufferEncoding | (() => void), done?: () => void): boolean => {
      writer.write(
        typeof chunk === 'string' && !isBinary(encoding) ? chunk : Buffer.from(chunk as string, encoding as BufferEncoding).toString(),
      );
      const callback = typeof encoding === 'function' ? encoding : done;
      if (callback) process.nextTick(callback);
      return true;
    }) as typeof stream.write;
  }
}

function isBinary(encoding: unknown): boolean {
  return typeof encoding === 'string' && !['utf8', 'utf-8'].includes(encoding);
}
