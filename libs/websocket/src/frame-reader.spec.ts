import * as fc from 'fast-check';
import { WebSocketError, type WebSocketInbox, WebSocketReader } from './frame-reader.js';

const MESSAGE_BYTES_MAX = 70_000;

type Delivered = readonly [kind: 'text' | 'binary' | 'ping' | 'pong' | 'close', of: string | number];

/** Copies each message and then overwrites the original, because a message is a view that is valid only during the call. */
class Inbox implements WebSocketInbox {
  readonly delivered: Delivered[] = [];
  message(bytes: Buffer, isBinary: boolean): void {
    this.delivered.push([isBinary ? 'binary' : 'text', bytes.toString('latin1')]);
    bytes.fill(0xdd);
  }
  ping(bytes: Buffer): void {
    this.delivered.push(['ping', bytes.toString('latin1')]);
  }
  pong(bytes: Buffer): void {
    this.delivered.push(['pong', bytes.toString('latin1')]);
  }
  closing(code: number): void {
    this.delivered.push(['close', code]);
  }
}

interface Frame {
  readonly opcode: number;
  readonly bytes: Buffer;
  readonly fin?: boolean;
  readonly mask?: Buffer;
}

/** Returns a frame as a client sends it. Source: RFC 6455, section 5.2. */
function frameOf({ opcode, bytes, fin = true, mask = Buffer.from([1, 2, 3, 4]) }: Frame): Buffer {
  const { length } = bytes;
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  header[0] = (fin ? 0x80 : 0) | opcode;
  header[1] = 0x80 | (length < 126 ? length : length < 65_536 ? 126 : 127);
  if (header.length === 4) header.writeUInt16BE(length, 2);
  if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, mask, bytes.map((byte, index) => byte ^ mask[index % 4])]);
}

/**
 * Reads a stream in chunks. Their lengths are `cuts`, which are repeated until the end of the stream. Returns the delivered messages and
 * control frames, and the close code of a refusal. The close code is null when nothing was refused.
 */
function read(
  stream: Buffer,
  cuts: readonly number[] = [stream.length || 1],
): { delivered: readonly Delivered[]; closeCode: number | null } {
  const inbox = new Inbox();
  const reader = new WebSocketReader(MESSAGE_BYTES_MAX, inbox);
  // Each read overwrites the buffer of the previous read, as with a real socket.
  const shared = Buffer.alloc(stream.length);
  try {
    for (let at = 0, turn = 0; at < stream.length; turn++) {
      const end = Math.min(stream.length, at + cuts[turn % cuts.length]);
      shared.fill(0xee);
      stream.copy(shared, 0, at, end);
      reader.push(shared.subarray(0, end - at));
      at = end;
    }
  } catch (error) {
    if (!(error instanceof WebSocketError)) throw error;
    return { delivered: inbox.delivered, closeCode: error.closeCode };
  }
  return { delivered: inbox.delivered, closeCode: null };
}

const bytes = (max: number): fc.Arbitrary<Buffer> => fc.uint8Array({ maxLength: max }).map((array) => Buffer.from(array));
const mask = fc.uint8Array({ minLength: 4, maxLength: 4 }).map((array) => Buffer.from(array));
const control = fc.record({ opcode: fc.constantFrom(0x9, 0xa), bytes: bytes(125), mask });
const cuts = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 8 });

/** Generates a message in one frame or several, with pings and pongs between them. */
const message = fc
  .record({
    parts: fc.array(fc.oneof({ weight: 4, arbitrary: bytes(200) }, fc.constant(Buffer.alloc(66_000, 5))), { minLength: 1, maxLength: 5 }),
    between: fc.array(fc.option(control, { nil: null, freq: 3 }), { minLength: 5, maxLength: 5 }),
    mask,
  })
  .filter(({ parts }) => parts.reduce((sum, { length }) => sum + length, 0) <= MESSAGE_BYTES_MAX)
  .map(({ parts, between, mask }) => {
    const frames: Frame[] = [];
    const delivered: Delivered[] = [];
    for (const [index, part] of parts.entries()) {
      frames.push({ opcode: index === 0 ? 0x2 : 0x0, bytes: part, fin: index === parts.length - 1, mask });
      const other = between[index];
      if (!other || index === parts.length - 1) continue;
      frames.push(other);
      delivered.push([other.opcode === 0x9 ? 'ping' : 'pong', other.bytes.toString('latin1')]);
    }
    delivered.push(['binary', Buffer.concat(parts).toString('latin1')]);
    return { frames, delivered };
  });

describe('WebSocketReader', () => {
  it('delivers complete messages in order, however they are split into frames and reads', () => {
    return fc.assert(
      fc.property(fc.array(message, { maxLength: 4 }), cuts, (messages, cuts) => {
        const stream = Buffer.concat(messages.flatMap(({ frames }) => frames.map(frameOf)));
        expect(read(stream, cuts)).toEqual({ delivered: messages.flatMap(({ delivered }) => delivered), closeCode: null });
      }),
      { numRuns: 300 },
    );
  });

  it.each([0, 1, 125, 126, 127, 65_535, 65_536, MESSAGE_BYTES_MAX])(
    'delivers a message of %i bytes that arrives in one read or byte by byte',
    (length) => {
      const stream = frameOf({ opcode: 0x2, bytes: Buffer.alloc(length, 9) });
      const delivered = [['binary', Buffer.alloc(length, 9).toString('latin1')]];
      expect(read(stream)).toEqual({ delivered, closeCode: null });
      expect(read(stream, [1])).toEqual({ delivered, closeCode: null });
    },
  );

  it('delivers the code of a close frame, and ignores all bytes after that frame', () => {
    const more = frameOf({ opcode: 0x2, bytes: Buffer.from('more') });
    expect(read(Buffer.concat([frameOf({ opcode: 0x8, bytes: Buffer.alloc(0) }), more])).delivered).toEqual([['close', 1005]]);
    const left = Buffer.from([0x03, 0xe9, ...Buffer.from('left ✓')]);
    expect(read(Buffer.concat([frameOf({ opcode: 0x8, bytes: left }), more])).delivered).toEqual([['close', 1001]]);
  });

  const hello = Buffer.from('hello');
  const ok = frameOf({ opcode: 0x1, bytes: hello });
  const unmasked = Buffer.from([0x82, 1, 7]);
  const begun = frameOf({ opcode: 0x2, bytes: hello, fin: false });
  const announce = (length: bigint): Buffer => {
    const header = Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
    header.writeBigUInt64BE(length, 2);
    return header;
  };
  it.each<[string, Buffer, number]>([
    ['without a mask', unmasked, 1002],
    ['with a reserved bit', frameOf({ opcode: 0x2 | 0x40, bytes: hello }), 1002],
    ['with a reserved data opcode', frameOf({ opcode: 0x3, bytes: hello }), 1002],
    ['with a reserved control opcode', frameOf({ opcode: 0xb, bytes: hello }), 1002],
    ['that continues no message', frameOf({ opcode: 0x0, bytes: hello }), 1002],
    ['that begins a message before the last one is complete', Buffer.concat([begun, ok]), 1002],
    ['that is a fragmented ping', frameOf({ opcode: 0x9, bytes: hello, fin: false }), 1002],
    ['that is a ping of 126 bytes', frameOf({ opcode: 0x9, bytes: Buffer.alloc(126) }), 1002],
    ['that closes with one byte of a code', frameOf({ opcode: 0x8, bytes: Buffer.from([3]) }), 1002],
    ['that closes with a code that may not be sent', frameOf({ opcode: 0x8, bytes: Buffer.from([0x03, 0xee]) }), 1002],
    ['that closes with a reason that is not UTF-8', frameOf({ opcode: 0x8, bytes: Buffer.from([0x03, 0xe8, 0xff]) }), 1007],
    ['that is text and not UTF-8', frameOf({ opcode: 0x1, bytes: Buffer.from([0xc3, 0x28]) }), 1007],
    ['that announces one byte too many', announce(BigInt(MESSAGE_BYTES_MAX) + 1n), 1009],
    ['that announces more bytes than any host has', announce(2n ** 63n - 1n), 1009],
    ['that makes a message too long', Buffer.concat([begun, frameOf({ opcode: 0x0, bytes: Buffer.alloc(MESSAGE_BYTES_MAX) })]), 1009],
    [
      'that is one fragment too many',
      Buffer.concat([begun, ...Array.from({ length: 64 }, () => frameOf({ opcode: 0x0, bytes: hello, fin: false }))]),
      1008,
    ],
  ])('refuses a frame %s, but delivers the messages before the frame', (_, bad, closeCode) => {
    const stream = Buffer.concat([ok, bad, ok, ok]);
    for (const cuts of [[stream.length], [1], [3, 7]]) expect(read(stream, cuts)).toEqual({ delivered: [['text', 'hello']], closeCode });
  });

  it('has the same result for the same bytes, however they are split into reads', () => {
    return fc.assert(
      fc.property(bytes(400), cuts, (stream, cuts) => {
        expect(read(stream, cuts)).toEqual(read(stream));
      }),
      { numRuns: Number(process.env.FUZZ_RUNS ?? 2_000) },
    );
  });
});
