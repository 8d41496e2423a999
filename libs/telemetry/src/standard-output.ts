import { OutputWriter } from './output-writer.js';

const writers = new Map<1 | 2, OutputWriter>();

/** The one writer of this process's standard output (1) or standard error (2). */
export function standardWriter(fd: 1 | 2): OutputWriter {
  let writer = writers.get(fd);
  if (!writer) {
    writer = new OutputWriter(fd);
    writers.set(fd, writer);
  }
  return writer;
}

/**
 * Makes `console` and all else that writes to the standard streams use the same writers as the log, for the rest of the
 * process: a full disk or a reader that stalls then neither throws into the code that printed nor stops it. To be called
 * once, before the first output.
 */
export function guardStandardStreams(): void {
  for (const [stream, fd] of [
    [process.stdout, 1],
    [process.stderr, 2],
  ] as const) {
    const writer = standardWriter(fd);
    // What Node itself has written before, or writes past us, may fail later.
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

/** Whether a string is given in a form that is not text. */
function isBinary(encoding: unknown): boolean {
  return typeof encoding === 'string' && !['utf8', 'utf-8'].includes(encoding);
}
