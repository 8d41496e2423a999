import { constants, fstatSync, openSync, write, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

export interface OutputLimits {
  /** What is kept while nothing can be written, in characters. More is dropped, the newest first. */
  readonly bufferChars: number;
  /** How long the end of the process waits for a reader that is slow, in ms. */
  readonly exitMs: number;
}

/** Some thousands of lines: enough for a reader that pauses, little beside what a server needs. */
const LIMITS: OutputLimits = { bufferChars: 1_048_576, exitMs: 500 };

/** Between two attempts to write, in ms; it doubles. A pipe that has room again is noticed at once, a full disk within a second. */
const RETRY_MS = { first: 10, longest: 1_000 };
const CHUNK_CHARS = 65_536;
const EXIT_LOOK_MS = 5;

/** What was not written, once writing is possible again. */
export interface OutputLoss {
  readonly lines: number;
  /** The code of the error that kept the process from writing: `ENOSPC`, `EAGAIN` (nobody reads), `EPIPE` (the reader is gone), … */
  readonly reason: string;
  /** Since when nothing could be written, in ms. */
  readonly ms: number;
}

/**
 * Writes lines to a file descriptor. It never throws, and never waits for a disk or a reader: what cannot be written
 * now is kept up to a limit and written later, and the rest is dropped and counted.
 *
 * A pipe, a socket and a terminal are written in step with the process, so the last line before a crash is there. For
 * this they do not block (`EAGAIN`). A file cannot be asked not to block; it is written by a thread.
 *
 * Pino's own `sonic-boom` does neither: written in step it sleeps on `EAGAIN`, and written by a thread a full pipe holds
 * that thread, which then keeps the process from ending.
 */
export class OutputWriter {
  private readonly target: { readonly fd: number; readonly isSynchronous: boolean };
  private readonly limits: OutputLimits;
  private queue: string[] = [];
  private queuedChars = 0;
  /** The rest of what was written in part. It precedes the queue. */
  private rest: Buffer | null = null;
  private isWriting = false;
  private isEnding = false;
  private retry: NodeJS.Timeout | null = null;
  private retryMs = RETRY_MS.first;
  private failure: { readonly reason: string; readonly since: number } | null = null;
  private droppedLines = 0;
  private readonly dropListeners: (() => void)[] = [];
  private readonly recoveryListeners: ((loss: OutputLoss) => void)[] = [];

  constructor(fd: number, limits: Partial<OutputLimits> = {}) {
    this.limits = { ...LIMITS, ...limits };
    this.target = openTarget(fd);
    process.on('exit', () => this.flush());
  }

  /** Called for each line that is dropped. */
  onDrop(listener: () => void): void {
    this.dropListeners.push(listener);
  }

  /** Called when all that was kept is written, after lines were dropped. What the listener writes stands where they are missing. */
  onRecovery(listener: (loss: OutputLoss) => void): void {
    this.recoveryListeners.push(listener);
  }

  /** One line, or a few, with their ends. */
  write(text: string): void {
    const isIdle = this.queue.length === 0 && this.rest === null && !this.isWriting;
    // Once a line is dropped all that follow are, until the buffer is empty: the gap has one place, and one line that names it.
    if (!isIdle && (this.droppedLines > 0 || this.queuedChars + text.length > this.limits.bufferChars)) return this.drop();
    this.queue.push(text);
    this.queuedChars += text.length;
    if (isIdle || (this.retry === null && !this.isWriting)) this.advance();
  }

  /** Writes what is kept, in step with the process: for its end. Waits at most `exitMs` for a reader that is slow. */
  flush(): void {
    this.isEnding = true;
    const deadline = performance.now() + this.limits.exitMs;
    for (;;) {
      const reason = this.writeSome();
      if (reason === null) {
        if (this.isEmpty && this.droppedLines > 0) this.recovered();
        if (this.isEmpty) return;
      } else if (reason !== 'EAGAIN' || performance.now() > deadline) return;
      else Atomics.wait(PAUSE, 0, 0, EXIT_LOOK_MS);
    }
  }

  private get isEmpty(): boolean {
    return this.queue.length === 0 && this.rest === null;
  }

  private advance(): void {
    if (!this.target.isSynchronous && !this.isEnding) return this.writeByThread();
    while (!this.isEmpty) {
      const reason = this.writeSome();
      if (reason !== null) return this.failed(reason);
      // It takes some: it is slow, and not stuck.
      this.retryMs = RETRY_MS.first;
    }
    this.written();
  }

  private writeByThread(): void {
    if (this.isEmpty) return this.written();
    const bytes = this.next();
    this.isWriting = true;
    write(this.target.fd, bytes, 0, bytes.length, null, (error, length) => {
      this.isWriting = false;
      if (error) {
        this.putBack(bytes);
        this.failed(error.code ?? error.message);
        return;
      }
      if (length < bytes.length) this.putBack(bytes.subarray(length));
      this.writeByThread();
    });
  }

  /** The code of the error that it met, or null. */
  private writeSome(): string | null {
    if (this.isEmpty) return null;
    const bytes = this.next();
    try {
      const length = writeSync(this.target.fd, bytes);
      if (length < bytes.length) this.putBack(bytes.subarray(length));
      return null;
    } catch (error) {
      this.putBack(bytes);
      return (error as NodeJS.ErrnoException).code ?? String(error);
    }
  }

  private next(): Buffer {
    if (this.rest) {
      const { rest } = this;
      this.rest = null;
      return rest;
    }
    let count = 0;
    let chars = 0;
    while (count < this.queue.length && (count === 0 || chars + this.queue[count].length <= CHUNK_CHARS))
      chars += this.queue[count++].length;
    const text = count === 1 ? this.queue[0] : this.queue.slice(0, count).join('');
    this.queue = count === this.queue.length ? [] : this.queue.slice(count);
    this.queuedChars -= chars;
    return Buffer.from(text);
  }

  private putBack(bytes: Buffer): void {
    this.rest = bytes;
  }

  private failed(reason: string): void {
    this.failure = { reason, since: this.failure?.since ?? performance.now() };
    if (this.retry) return;
    this.retry = setTimeout(() => {
      this.retry = null;
      this.advance();
    }, this.retryMs);
    this.retry.unref();
    this.retryMs = Math.min(RETRY_MS.longest, 2 * this.retryMs);
  }

  /** Nothing is left to write. */
  private written(): void {
    this.retryMs = RETRY_MS.first;
    if (this.droppedLines > 0) this.recovered();
    this.failure = null;
  }

  private recovered(): void {
    const { reason = 'slow', since = performance.now() } = this.failure ?? {};
    const loss: OutputLoss = { lines: this.droppedLines, reason, ms: Math.round(performance.now() - since) };
    this.droppedLines = 0;
    this.failure = null;
    for (const listener of this.recoveryListeners) listener(loss);
  }

  private drop(): void {
    this.droppedLines += 1;
    for (const listener of this.dropListeners) listener();
  }
}

const PAUSE = new Int32Array(new SharedArrayBuffer(4));

/** How a descriptor can be written without waiting for anybody. */
function openTarget(fd: number): { fd: number; isSynchronous: boolean } {
  try {
    const stats = fstatSync(fd);
    if (stats.isFIFO() || isatty(fd)) {
      const own = reopened(fd);
      if (own !== null) return { fd: own, isSynchronous: true };
    }
    // Node's own stream makes a pipe or a socket one that does not block. It cannot be reopened when another user made it.
    if (stats.isFIFO() || stats.isSocket()) {
      void (fd === 2 ? process.stderr : process.stdout);
      return { fd, isSynchronous: true };
    }
  } catch {
    // Closed: each attempt to write says so.
  }
  return { fd, isSynchronous: false };
}

/** Whether a descriptor blocks is shared with all processes that have it, such as the shell. One of our own is not. */
function reopened(fd: number): number | null {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return null;
  }
}
