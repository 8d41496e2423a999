import * as fc from 'fast-check';
import ws from 'ws';
import { WebSocketError, WebSocketReader } from './frame-reader.js';

/**
 * Compares `WebSocketReader` with the receiver of `ws`, a widely used library. For the same bytes, both must deliver the same messages.
 * When one of them refuses the bytes, the other must refuse them with the same close code.
 */
const MESSAGE_BYTES_MAX = 1_000;

interface Outcome {
  readonly delivered: readonly (readonly [kind: string, payload: string | number])[];
  readonly refusedWith: number | null;
}

/** The members of `ws` that its published types do not declare. */
interface Receiver {
  on(event: string, listener: (...args: never[]) => void): void;
  write(chunk: Buffer): boolean;
}
const { Receiver } = ws as unknown as { readonly Receiver: new (options: object) => Receiver };

function readByHoldfast(chunks: readonly Buffer[]): Outcome {
  const delivered: [string, string | number][] = [];
  const reader = new WebSocketReader(MESSAGE_BYTES_MAX, {
    message: (bytes, isBinary) => delivered.push([isBinary ? 'binary' : 'text', bytes.toString('latin1')]),
    ping: (bytes) => delivered.push(['ping', bytes.toString('latin1')]),
    pong: (bytes) => delivered.push(['pong', bytes.toString('latin1')]),
    closing: (code) => delivered.push(['close', code]),
  });
  try {
    for (const chunk of chunks) reader.push(Buffer.from(chunk));
  } catch (error) {
    if (!(error instanceof WebSocketError)) throw error;
    return { delivered, refusedWith: error.closeCode };
  }
  return { delivered, refusedWith: null };
}

async function readByWs(chunks: readonly Buffer[]): Promise<Outcome> {
  const delivered: [string, string | number][] = [];
  let refusedWith: number | null = null;
  let isOver = false;
  const receiver = new Receiver({ isServer: true, maxPayload: MESSAGE_BYTES_MAX, allowSynchronousEvents: true });
  receiver.on('message', (bytes: Buffer, isBinary: boolean) => delivered.push([isBinary ? 'binary' : 'text', bytes.toString('latin1')]));
  receiver.on('ping', (bytes: Buffer) => delivered.push(['ping', bytes.toString('latin1')]));
  receiver.on('pong', (bytes: Buffer) => delivered.push(['pong', bytes.toString('latin1')]));
  receiver.on('conclude', (code: number) => {
    isOver = true;
    delivered.push(['close', code]);
  });
  receiver.on('error', (error: Error) => {
    isOver = true;
    const key = Object.getOwnPropertySymbols(error).find(({ description }) => description === 'status-code') as symbol;
    refusedWith = (error as unknown as Record<symbol, number>)[key];
  });
  for (const chunk of chunks) if (!isOver) receiver.write(Buffer.from(chunk));
  // Waits for one event-loop tick, because a stream emits its errors in a later tick.
  await new Promise((resolve) => setImmediate(resolve));
  return { delivered, refusedWith };
}

/**
 * Bytes that follow every stream. They complete a frame that was cut off, and then begin a frame that both readers refuse. Without them,
 * one reader might wait for more bytes while the other has already refused the stream.
 */
const REST = Buffer.alloc(MESSAGE_BYTES_MAX + 100);

/**
 * Cuts the bytes, followed by `REST`, into chunks. The chunks have the lengths in `lengths`, which are repeated until all bytes are cut.
 */
function cut(bytes: Uint8Array, lengths: readonly number[]): Buffer[] {
  const stream = Buffer.concat([bytes, REST]);
  const chunks: Buffer[] = [];
  for (let at = 0, index = 0; at < stream.length; index++) {
    const end = at + lengths[index % lengths.length];
    chunks.push(stream.subarray(at, end));
    at = end;
  }
  return chunks;
}

const often = <Value>(usual: Value, ...others: Value[]) =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(usual) }, ...others.map((other) => ({ weight: 1, arbitrary: fc.constant(other) })));

/** Generates frames. Most of them are valid, and each kind of error occurs now and then. */
const frame = fc
  .record({
    opcode: fc.oneof({ weight: 6, arbitrary: fc.constantFrom(0, 1, 2, 8, 9, 10) }, fc.integer({ min: 0, max: 15 })),
    isLast: often(true, false, false, false),
    reserved: often(0, 0x40, 0x20, 0x10),
    isMasked: often(true, false),
    mask: fc.uint8Array({ minLength: 4, maxLength: 4 }),
    payload: fc.oneof(
      { weight: 4, arbitrary: fc.uint8Array({ maxLength: 40 }) },
      fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => new TextEncoder().encode(text)),
      fc.integer({ min: 0, max: 65_535 }).map((code) => Uint8Array.of(code >> 8, code & 0xff, 111, 107)),
      fc.constantFrom(124, 125, 126, 127, MESSAGE_BYTES_MAX, MESSAGE_BYTES_MAX + 1).map((length) => new Uint8Array(length).fill(97)),
    ),
    /** Minimum number of bytes in which the header encodes the extended length. 0: as few as possible. */
    lengthBytes: often(0, 2, 8),
    /** Number that is added to the length in the header, so that the header announces too many bytes. */
    tooLong: often(0, 1, 2 ** 31, 2 ** 40),
  })
  .map(({ opcode, isLast, reserved, isMasked, mask, payload, lengthBytes, tooLong }) => {
    const length = payload.length + tooLong;
    const extended = length > 65_535 ? 8 : Math.max(lengthBytes, length > 125 ? 2 : 0);
    const header = Buffer.alloc(2 + extended);
    header[0] = (isLast ? 0x80 : 0) | reserved | opcode;
    header[1] = (isMasked ? 0x80 : 0) | (extended === 0 ? length : extended === 2 ? 126 : 127);
    if (extended === 2) header.writeUInt16BE(length, 2);
    if (extended === 8) header.writeBigUInt64BE(BigInt(length), 2);
    const body = isMasked ? payload.map((byte, index) => byte ^ mask[index % 4]) : payload;
    return Buffer.concat([header, ...(isMasked ? [mask] : []), body]);
  });

const lengths = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 6 });
const numRuns = Number(process.env.FUZZ_RUNS ?? 3_000);

describe('WebSocketReader, compared with the receiver of the package ws,', () => {
  it('delivers the same messages and refuses the same frames', () =>
    fc.assert(
      fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 8 }), lengths, async (frames, lengths) => {
        const chunks = cut(Buffer.concat(frames), lengths);
        expect(readByHoldfast(chunks)).toEqual(await readByWs(chunks));
      }),
      { numRuns },
    ));

  it('has the same result for random bytes', () =>
    fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), lengths, async (bytes, lengths) => {
        const chunks = cut(bytes, lengths);
        expect(readByHoldfast(chunks)).toEqual(await readByWs(chunks));
      }),
      { numRuns },
    ));

  it('has the same result for every close code below 5100', async () => {
    const closeWith = (code: number) => Buffer.from([0x88, 0x82, 0, 0, 0, 0, code >> 8, code & 0xff]);
    const codes = Array.from({ length: 5_100 }, (_, code) => code);
    const outcomes = await Promise.all(codes.map((code) => readByWs([closeWith(code)])));
    expect(codes.map((code) => readByHoldfast([closeWith(code)]))).toEqual(outcomes);
  });
});
