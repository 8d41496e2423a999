import { HoldfastError } from './errors.js';

/** Size of the big-endian length before each frame on a TCP stream, in bytes. */
export const LENGTH_BYTES = 4;

/**
 * Splits a stream into its length-prefixed frames. A whole frame is passed on as a view into its chunk, which is valid only during the
 * call. Only a frame that continues in the next chunk is copied. Throws at a length above `frameBytesMax` before it stores any byte of that
 * frame, so a client cannot make the server allocate more than the limit.
 */
export class FrameSplitter {
  private partial: Uint8Array | null = null;
  private filled = 0;
  /**
   * The received bytes of an incomplete length, as a number. An array would cost 200 bytes for each connection, because each connection has
   * a splitter.
   */
  private lengthSoFar = 0;
  /** The number of bytes in the incomplete length. */
  private lengthFilled = 0;

  constructor(
    /**
     * Maximum size of a frame, in bytes. It can be raised between two frames, because an authenticated connection may send larger frames.
     */
    public frameBytesMax: number,
    private readonly onFrame: (frame: Uint8Array) => void,
    /**
     * Allocates the copy of a frame that arrives in several chunks. Servers pass `Buffer.allocUnsafeSlow`, so that every frame is a Buffer.
     */
    private readonly allocate: (bytes: number) => Uint8Array = (bytes) => new Uint8Array(bytes),
  ) {}

  /** Takes the next bytes of the stream, and passes each complete frame to `onFrame`. */
  push(chunk: Uint8Array): void {
    const { length } = chunk;
    let offset = 0;
    while (offset < length) {
      if (this.partial !== null) offset = this.fill(chunk, offset);
      else if (this.lengthFilled === 0 && length - offset >= LENGTH_BYTES) offset = this.take(chunk, offset, length);
      else offset = this.fillLength(chunk, offset);
    }
  }

  /** The number of stored bytes of the incomplete frame. */
  get bytesHeld(): number {
    return this.filled + this.lengthFilled;
  }

  private take(chunk: Uint8Array, offset: number, chunkLength: number): number {
    const length = this.checked(
      ((chunk[offset]! << 24) | (chunk[offset + 1]! << 16) | (chunk[offset + 2]! << 8) | chunk[offset + 3]!) >>> 0,
    );
    const start = offset + LENGTH_BYTES;
    const end = start + length;
    if (end <= chunkLength) {
      this.onFrame(chunk.subarray(start, end));
      return end;
    }
    this.begin(length);
    return this.fill(chunk, start);
  }

  private fillLength(chunk: Uint8Array, offset: number): number {
    this.lengthSoFar = (this.lengthSoFar << 8) | chunk[offset]!;
    this.lengthFilled += 1;
    if (this.lengthFilled === LENGTH_BYTES) {
      const length = this.lengthSoFar >>> 0;
      this.lengthSoFar = 0;
      this.lengthFilled = 0;
      this.begin(this.checked(length));
    }
    return offset + 1;
  }

  private begin(length: number): void {
    this.partial = this.allocate(length);
    this.filled = 0;
  }

  private fill(chunk: Uint8Array, offset: number): number {
    const partial = this.partial as Uint8Array;
    const count = Math.min(partial.length - this.filled, chunk.length - offset);
    partial.set(chunk.subarray(offset, offset + count), this.filled);
    this.filled += count;
    if (this.filled === partial.length) {
      this.partial = null;
      this.filled = 0;
      this.onFrame(partial);
    }
    return offset + count;
  }

  private checked(length: number): number {
    if (length > this.frameBytesMax)
      throw new HoldfastError('frame-too-large', `A frame has at most ${this.frameBytesMax} bytes; this one declares ${length}.`);
    if (length === 0) throw new HoldfastError('bad-frame', 'A frame has at least one byte.');
    return length;
  }
}
