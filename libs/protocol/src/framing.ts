import { HoldfastError } from './errors.js';

/** Bytes of the big-endian length before each frame on a TCP stream. */
export const LENGTH_BYTES = 4;

/**
 * Cuts a stream of length-prefixed frames. Whole frames are handed out as views into the chunk they came in, valid
 * only during the call; only a frame cut by a chunk's end is copied. A length over `frameBytesMax` throws before one
 * byte of its frame is stored, so what a stranger can make us keep is bounded.
 */
export class FrameSplitter {
  private partial: Uint8Array | null = null;
  private filled = 0;
  /** What has come of a length that was cut, and of how many bytes: each connection has one, and an array would cost it 200 bytes. */
  private lengthSoFar = 0;
  private lengthFilled = 0;

  constructor(
    /** May be raised between two frames: who has proved who they are may send more. */
    public frameBytesMax: number,
    private readonly onFrame: (frame: Uint8Array) => void,
    /** Node gives `Buffer.allocUnsafeSlow`, so that every frame it is handed is a Buffer. */
    private readonly allocate: (bytes: number) => Uint8Array = (bytes) => new Uint8Array(bytes),
  ) {}

  push(chunk: Uint8Array): void {
    const { length } = chunk;
    let offset = 0;
    while (offset < length) {
      if (this.partial !== null) offset = this.fill(chunk, offset);
      else if (this.lengthFilled === 0 && length - offset >= LENGTH_BYTES) offset = this.take(chunk, offset, length);
      else offset = this.fillLength(chunk, offset);
    }
  }

  /** Bytes held of a frame that has not arrived whole. */
  get bytesHeld(): number {
    return this.filled + this.lengthFilled;
  }

  private take(chunk: Uint8Array, offset: number, chunkLength: number): number {
    const length = this.checked(((chunk[offset] << 24) | (chunk[offset + 1] << 16) | (chunk[offset + 2] << 8) | chunk[offset + 3]) >>> 0);
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
    this.lengthSoFar = (this.lengthSoFar << 8) | chunk[offset];
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
      throw new HoldfastError('frame-too-large', `A frame has at most ${this.frameBytesMax} bytes; this one promises ${length}.`);
    if (length === 0) throw new HoldfastError('bad-frame', 'A frame has at least one byte.');
    return length;
  }
}
