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
 * Makes `console` and all other code that writes to the standard streams use the writers of the log, until the process ends. A
 * full disk or a stalled reader then neither throws into that code nor blocks it. Call it once, before the first output.
 */
export function guardStandardStreams(): void {
  for (const [stream, fd] of [
    [process.stdout, 1],
    [process.stderr, 2],
  ] as const) {
    const writer = standardWriter(fd);
    // An earlier write through Node's own streams may still fail. Without a listener, that error would end the process.
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

/** Returns whether the encoding is not a text encoding. */
function isBinary(encoding: unknown): boolean {
  return typeof encoding === 'string' && !['utf8', 'utf-8'].includes(encoding);
}
