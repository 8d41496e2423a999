import type { Socket } from 'node:net';
import { CHUNK_BYTES_MAX, giveChunk, takeChunk } from './chunk-pool.js';
import { writeAtOnce } from './raw-socket.js';

/**
 * Collects all writes to a socket during one event-loop tick, and sends them with one system call. One system call for each frame would
 * more than double the CPU cost of the relay. The writes are collected in chunks: buffers from a shared pool. An idle connection holds no
 * chunk.
 */
export class BatchWriter {
  /** The chunk into which the caller writes. It is valid from a call of `reserve` until the next call of this writer. */
  chunk: Buffer = EMPTY;
  private used = 0;
  /** Number of bytes that were written in the last tick, as an estimate for the next tick. */
  private usual = 0;
  private dirty = false;
  /** True: the shared timer for waiting bytes will flush this writer. */
  private isWaiting = false;
  /** The chunk of which the kernel has not taken all bytes. Null: there is no such chunk. */
  private inFlight: Buffer | null = null;
  /**
   * The chunks that wait behind `inFlight`, oldest first. Null: no chunk waits. An empty array instead of null would need memory for each
   * connection.
   */
  private waiting: Buffer[] | null = null;

  /**
   * @param drained the writer calls it when the kernel has taken all delayed bytes. The `drain` event of the socket is not enough: it
   * comes only after a backlog above the high water mark.
   */
  constructor(
    private readonly socket: Socket,
    private readonly drained: () => void = () => {},
  ) {}

  /**
   * Reserves a number of bytes in `chunk` and returns their offset. The caller must write the reserved bytes synchronously, before any
   * other call of this writer, because the next flush sends all reserved bytes.
   */
  reserve(bytes: number): number {
    if (!this.dirty) {
      this.dirty = true;
      dirtyWriters.push(this);
      if (!flushScheduled) {
        flushScheduled = true;
        setImmediate(flushAll);
      }
    }
    return this.place(bytes);
  }

  /**
   * Reserves bytes as `reserve` does, but the bytes may wait up to `WAIT_MS` for further bytes, so that one system call sends all of them.
   * The writer sends all bytes in the order of the calls: before it sends bytes that may not wait, it sends the waiting bytes.
   */
  reserveWaiting(bytes: number): number {
    if (!this.dirty && !this.isWaiting) {
      this.isWaiting = true;
      waitingWriters.push(this);
      if (!waitScheduled) {
        waitScheduled = true;
        setTimeout(flushWaiting, WAIT_MS);
      }
    }
    return this.place(bytes);
  }

  write(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length);
    this.chunk.set(bytes, at);
  }

  /**
   * Number of bytes that the kernel has not taken yet. Does not include the bytes of the current tick, because they do not show how fast
   * the peer reads.
   */
  get backlogBytes(): number {
    return this.socket.writableLength;
  }

  flush(): void {
    if (this.used === 0) return;
    const { chunk, used } = this;
    this.usual = used;
    this.chunk = EMPTY;
    this.used = 0;
    if (!this.socket.writable) {
      giveChunk(chunk);
      return;
    }
    const sent = this.inFlight === null ? writeAtOnce(this.socket, chunk, used) : 0;
    if (sent === used) {
      giveChunk(chunk);
      return;
    }
    if (this.inFlight === null) this.inFlight = chunk;
    else if (this.waiting === null) this.waiting = [chunk];
    else this.waiting.push(chunk);
    this.socket.write(chunk.subarray(sent, used), this.written);
  }

  /** Writes the bytes of the tick. Only the shared flush at the end of a tick calls this method. */
  flushTurn(): void {
    this.dirty = false;
    this.flush();
  }

  /** Writes the bytes that may wait. Only the shared timer calls this method. */
  flushWaited(): void {
    this.isWaiting = false;
    this.flush();
  }

  private place(bytes: number): number {
    if (this.used + bytes > this.chunk.length) this.makeRoom(bytes);
    const at = this.used;
    this.used += bytes;
    return at;
  }

  private makeRoom(bytes: number): void {
    const { chunk, used } = this;
    if (used === 0) this.chunk = takeChunk(Math.max(bytes, Math.min(this.usual, CHUNK_BYTES_MAX)));
    else if (used + bytes <= CHUNK_BYTES_MAX) {
      this.chunk = takeChunk(used + bytes);
      this.chunk.set(chunk.subarray(0, used));
      giveChunk(chunk);
    } else {
      this.flush();
      this.chunk = takeChunk(Math.max(bytes, CHUNK_BYTES_MAX));
    }
  }

  /** Frees the oldest chunk. A socket completes its writes in order, so this chunk is the one that was written. */
  private readonly written = (): void => {
    if (this.inFlight === null) return;
    giveChunk(this.inFlight);
    this.inFlight = this.waiting?.shift() ?? null;
    if (this.inFlight !== null) return;
    this.waiting = null;
    this.drained();
  };
}

const EMPTY = Buffer.alloc(0);
let dirtyWriters: BatchWriter[] = [];
let flushScheduled = false;

function flushAll(): void {
  flushScheduled = false;
  const writers = dirtyWriters;
  dirtyWriters = [];
  for (const writer of writers) writer.flushTurn();
}

/**
 * Maximum time that bytes wait for further bytes, in ms. It is short compared with a step of a game, because the waiting bytes are player
 * inputs for steps.
 */
const WAIT_MS = 2;
let waitingWriters: BatchWriter[] = [];
let waitScheduled = false;

function flushWaiting(): void {
  waitScheduled = false;
  const writers = waitingWriters;
  waitingWriters = [];
  for (const writer of writers) writer.flushWaited();
}
