/**
 * Ends this process when the reader of its output has ended, as in `npm run fleet -- list | head -1`. Otherwise the process would end with
 * a stack trace.
 */
export function endWithReader() {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code !== 'EPIPE') throw error;
      process.exit(0);
    });
  }
}
