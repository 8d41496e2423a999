/**
 * Ends this process when nobody reads its output any more, as in `npm run fleet -- list | head -1`. Without this, the process would end
 * with a stack trace.
 */
export function endWithReader() {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code !== 'EPIPE') throw error;
      process.exit(0);
    });
  }
}
