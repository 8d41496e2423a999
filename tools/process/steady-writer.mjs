import { closeSync, constants, fstatSync, openSync, write, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

/**
 * The limit of the buffer, in characters. It allows for several thousand lines. Without a limit, the buffer would fill the memory while the
 * disk is full.
 */
const BUFFER_CHARS = 1_048_576;
const CHUNK_CHARS = 65_536;
/** First pause between two attempts to write, in ms. Each further pause is twice as long. */
const RETRY_MS = { first: 10, longest: 1_000 };

/**
 * @typedef {object} Loss the dropped lines, reported once writing is possible again
 * @property {number} lines
 * @property {string} reason the code of the error: `ENOSPC`, `EAGAIN` (nobody reads), `EPIPE` (the reader is gone), …
 */

/**
 * Writes lines to a file, a pipe or a terminal. The writer never throws an error, and never waits for a disk or a reader. It buffers lines
 * that cannot be written now. When the buffer is full, it drops and counts further lines.
 *
 * Servers use `OutputWriter` (libs/telemetry) instead. That class exists only after the build, so programs that run the build cannot use
 * it.
 */
export class SteadyWriter {
  /** @type {{ fd: number, isSynchronous: boolean } | null} */
  #target = null;
  #queue = '';
  /** @type {Buffer | null} */
  #rest = null;
  #isWriting = false;
  #isClosing = false;
  /** @type {NodeJS.Timeout | null} */
  #retry = null;
  #retryMs = RETRY_MS.first;
  #dropped = 0;
  #reason = '';

  /**
   * @param {() => number} open returns the descriptor; called again after it throws
   * @param {{ lost?: (loss: Loss) => string, failed?: (reason: string) => void }} [options] `lost`: the line that is written where
   *   lines are missing; `failed`: called when writing begins to fail
   */
  constructor(open, { lost, failed } = {}) {
    this.open = open;
    this.lost = lost;
    this.failed = failed;
  }

  /** @param {string} text a line with its end, or several */
  write(text) {
    const isIdle = this.#isEmpty && !this.#isWriting;
    if (!isIdle && (this.#dropped > 0 || this.#queue.length + text.length > BUFFER_CHARS)) {
      this.#dropped += 1;
      return;
    }
    this.#queue += text;
    if (!this.#retry && !this.#isWriting) this.#advance();
  }

  /** Writes as many lines as possible synchronously. Call it before the process exits. */
  flush() {
    while (!this.#isEmpty) if (this.#writeSome() !== null) return;
  }

  /** Closes the descriptor when all lines are written, or when no more lines can be written. */
  close() {
    this.#isClosing = true;
    if (!this.#isWriting) this.#advance();
  }

  get #isEmpty() {
    return this.#queue === '' && this.#rest === null;
  }

  #advance() {
    while (!this.#isEmpty) {
      try {
        this.#target ??= targetOf(this.open());
      } catch (error) {
        return this.#fail(codeOf(error));
      }
      if (!this.#target.isSynchronous) return this.#writeByThread(this.#target.fd);
      const reason = this.#writeSome();
      if (reason !== null) return this.#fail(reason);
      this.#retryMs = RETRY_MS.first;
    }
    this.#written();
  }

  /** @param {number} fd */
  #writeByThread(fd) {
    const bytes = this.#next();
    this.#isWriting = true;
    write(fd, bytes, 0, bytes.length, null, (error, length) => {
      this.#isWriting = false;
      if (error) {
        this.#rest = bytes;
        this.#fail(codeOf(error));
        return;
      }
      this.#retryMs = RETRY_MS.first;
      if (length < bytes.length) this.#rest = bytes.subarray(length);
      this.#advance();
    });
  }

  /** @returns {string | null} null: a part or all of the next chunk was written; else the code of the error */
  #writeSome() {
    const bytes = this.#next();
    try {
      this.#target ??= targetOf(this.open());
      const length = writeSync(this.#target.fd, bytes);
      if (length < bytes.length) this.#rest = bytes.subarray(length);
      return null;
    } catch (error) {
      this.#rest = bytes;
      return codeOf(error);
    }
  }

  #next() {
    if (this.#rest) {
      const rest = this.#rest;
      this.#rest = null;
      return rest;
    }
    const text = this.#queue.slice(0, CHUNK_CHARS);
    this.#queue = this.#queue.slice(CHUNK_CHARS);
    return Buffer.from(text);
  }

  #written() {
    this.#retryMs = RETRY_MS.first;
    if (this.#dropped > 0) {
      const loss = { lines: this.#dropped, reason: this.#reason || 'EAGAIN' };
      this.#dropped = 0;
      this.#reason = '';
      const line = this.lost?.(loss);
      if (line) return this.write(`${line}\n`);
    }
    this.#reason = '';
    if (this.#isClosing) this.#end();
  }

  /** @param {string} reason */
  #fail(reason) {
    if (this.#isClosing) return this.#end();
    const isFirst = this.#reason === '';
    this.#reason = reason;
    if (isFirst) this.failed?.(reason);
    if (this.#retry) return;
    this.#retry = setTimeout(() => {
      this.#retry = null;
      this.#advance();
    }, this.#retryMs);
    this.#retry.unref();
    this.#retryMs = Math.min(RETRY_MS.longest, 2 * this.#retryMs);
  }

  #end() {
    if (this.#retry) clearTimeout(this.#retry);
    if (this.#target) closeSync(this.#target.fd);
    this.#target = null;
    this.#queue = '';
    this.#rest = null;
  }
}

/**
 * Returns the descriptor for the writes, which do not block if this is possible, and whether the writes are synchronous. @param {number} fd
 */
function targetOf(fd) {
  const stats = fstatSync(fd);
  if (stats.isFIFO() || isatty(fd)) {
    try {
      // Opens the file of the descriptor a second time, in non-blocking mode. Making the first descriptor non-blocking would also affect
      // other processes, such as the shell.
      const own = openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
      return { fd: own, isSynchronous: true };
    } catch {
      // The file belongs to another user, or there is no /proc. So this function uses the original descriptor.
    }
  }
  if (stats.isFIFO() || stats.isSocket()) {
    // Reading this property makes Node create its own stream, and the stream makes the descriptor non-blocking.
    void (fd === 2 ? process.stderr : process.stdout);
    return { fd, isSynchronous: true };
  }
  return { fd, isSynchronous: false };
}

/** @param {unknown} error */
function codeOf(error) {
  return /** @type {NodeJS.ErrnoException} */ (error).code ?? String(error);
}
