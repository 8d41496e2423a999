import type { Socket } from 'node:net';
import { writeAtOnce } from './bare-socket.js';
import { CHUNK_BYTES_MAX, giveChunk, takeChunk } from './chunk-pool.js';

/**
 * Gathers what is written to a socket during one turn of the event loop into one buffer and one system call.
 * A write per frame costs more than twice the CPU of the whole relay. Chunks come from a shared pool and are held only
 * while bytes are in them, so an idle connection holds none.
 */
export class BatchWriter {
  /** The chunk being filled. Valid after `reserve`, until the next call of it. */
  chunk: Buffer = EMPTY;
  private used = 0;
  /** What the last turn's bytes took; so much will be wanted again. */
  private usual = 0;
  private dirty = false;
  /** The chunk that the kernel is given, and those that wait behind it: an idle connection shall not keep even an array. */
  private inFlight: Buffer | null = null;
  private waiting: Buffer[] | null = null;

  /**
   * `drained`: the kernel has taken what it did not take at once. The socket's own `drain` says so only after more than its
   * own high water mark was refused.
   */
  constructor(
    private readonly socket: Socket,
    private readonly drained: () => void = () => {},
  ) {}

  /** Makes room for `bytes` in `chunk` and answers where they start; the caller must fill all of them at once. */
  reserve(bytes: number): number {
    if (this.used + bytes > this.chunk.length) this.makeRoom(bytes);
    if (!this.dirty) {
      this.dirty = true;
      dirtyWriters.push(this);
      if (!flushScheduled) {
        flushScheduled = true;
        setImmediate(flushAll);
      }
    }
    const at = this.used;
    this.used += bytes;
    return at;
  }

  write(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length);
    this.chunk.set(bytes, at);
  }

  /** Bytes that the kernel was offered and has not taken yet. What this turn still gathers is no sign of a slow reader. */
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

  /** Called by the shared turn; not for others. */
  flushTurn(): void {
    this.dirty = false;
    this.flush();
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

  /** Callbacks of a socket come in the order of its writes, so the oldest chunk is the one that is free. */
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
