import { constants, fstatSync, openSync, write, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

export interface OutputLimits {
  /** Size of the buffer for text that cannot be written yet, in characters. When it is full, new lines are dropped. */
  readonly bufferChars: number;
  /** Maximum time for which the process waits for a slow reader before it exits, in ms. */
  readonly exitMs: number;
}

/** The buffer has space for several thousand lines, and is small compared with the memory of a server. */
const LIMITS: OutputLimits = { bufferChars: 1_048_576, exitMs: 500 };

/** First and longest delay between two attempts to write, in ms. The delay doubles with each attempt. */
const RETRY_MS = { first: 10, longest: 1_000 };
const CHUNK_CHARS = 65_536;
const EXIT_POLL_MS = 5;

/** A report about dropped lines, made when writing succeeds again. */
export interface OutputLoss {
  readonly lines: number;
  /** The code of the error that blocked writing: `ENOSPC`, `EAGAIN` (nobody reads), `EPIPE` (the reader is gone), … */
  readonly reason: string;
  /** Time for which nothing could be written, in ms. */
  readonly ms: number;
}

/**
 * Writes lines to a file descriptor. It never throws and never blocks on a disk or a reader. It buffers lines that cannot be written now,
 * up to a limit, and drops and counts the rest.
 *
 * Pipes, sockets and terminals are written synchronously, so the last line before a crash is not lost. To make this possible, they are
 * opened as non-blocking (`EAGAIN`). A file cannot be non-blocking, so a thread writes it.
 *
 * Pino's own `sonic-boom` blocks in both of its modes. In synchronous mode it sleeps on `EAGAIN`. In asynchronous mode a full pipe blocks a
 * thread, and the process cannot exit.
 */
export class OutputWriter {
  private readonly target: { readonly fd: number; readonly isSynchronous: boolean };
  private readonly limits: OutputLimits;
  private queue: string[] = [];
  private queuedChars = 0;
  /** The rest of a chunk of which only a part was written. The rest is written before the queue. */
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

  /** Calls `listener` for each dropped line. */
  onDrop(listener: () => void): void {
    this.dropListeners.push(listener);
  }

  /**
   * Calls `listener` when the buffer is empty again after lines were dropped. Lines that `listener` writes appear in place of the dropped
   * lines.
   */
  onRecovery(listener: (loss: OutputLoss) => void): void {
    this.recoveryListeners.push(listener);
  }

  /** Writes one or more lines, line ends included. */
  write(text: string): void {
    const isIdle = this.queue.length === 0 && this.rest === null && !this.isWriting;
    // Once a line is dropped, all following lines are dropped until the buffer is empty. So the log has one gap, which one line reports.
    if (!isIdle && (this.droppedLines > 0 || this.queuedChars + text.length > this.limits.bufferChars)) return this.drop();
    this.queue.push(text);
    this.queuedChars += text.length;
    if (isIdle || (this.retry === null && !this.isWriting)) this.advance();
  }

  /** Writes the buffer synchronously, before the process exits. Waits at most `exitMs` for a slow reader. */
  flush(): void {
    this.isEnding = true;
    const deadline = performance.now() + this.limits.exitMs;
    for (;;) {
      const reason = this.writeSome();
      if (reason === null) {
        if (this.isEmpty && this.droppedLines > 0) this.recovered();
        if (this.isEmpty) return;
      } else if (reason !== 'EAGAIN' || performance.now() > deadline) return;
      else Atomics.wait(PAUSE, 0, 0, EXIT_POLL_MS);
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
      // The reader accepted some bytes, so the next delay is the shortest one.
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

  /** Writes one chunk. Returns the code of the error. Null: at least a part of the chunk was written, or there is nothing to write. */
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
    while (count < this.queue.length && (count === 0 || chars + this.queue[count]!.length <= CHUNK_CHARS))
      chars += this.queue[count++]!.length;
    const text = count === 1 ? this.queue[0]! : this.queue.slice(0, count).join('');
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

  /** Reports dropped lines and ends the retries, because the buffer is empty now. */
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

/** Returns a descriptor to which this process can write without blocking, and whether writes to the descriptor are synchronous. */
function openTarget(fd: number): { fd: number; isSynchronous: boolean } {
  try {
    const stats = fstatSync(fd);
    if (stats.isFIFO() || isatty(fd)) {
      const own = reopened(fd);
      if (own !== null) return { fd: own, isSynchronous: true };
    }
    // Node's own stream makes a pipe or socket non-blocking. This is needed for a socket, and for a pipe of another user, which cannot be
    // reopened.
    if (stats.isFIFO() || stats.isSocket()) {
      void (fd === 2 ? process.stderr : process.stdout);
      return { fd, isSynchronous: true };
    }
  } catch {
    // The descriptor is closed. Ignores this error, because each attempt to write will fail with an error that names the cause.
  }
  return { fd, isSynchronous: false };
}

/**
 * Opens the target of a descriptor a second time, because other processes, such as the shell, share the blocking mode of the first
 * descriptor. Null: the target cannot be opened again.
 */
function reopened(fd: number): number | null {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return null;
  }
}
