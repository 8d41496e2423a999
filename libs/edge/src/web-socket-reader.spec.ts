import * as fc from 'fast-check';
import { WebSocketError, type WebSocketInbox, WebSocketReader } from './web-socket-reader.js';

const MESSAGE_BYTES_MAX = 70_000;

type Heard = readonly [kind: 'text' | 'binary' | 'ping' | 'pong' | 'close', of: string | number];

/** Keeps nothing of what it was lent, as nobody may. */
class Inbox implements WebSocketInbox {
  readonly heard: Heard[] = [];
  message(bytes: Buffer, isBinary: boolean): void {
    this.heard.push([isBinary ? 'binary' : 'text', bytes.toString('latin1')]);
    bytes.fill(0xdd);
  }
  ping(bytes: Buffer): void {
    this.heard.push(['ping', bytes.toString('latin1')]);
  }
  pong(bytes: Buffer): void {
    this.heard.push(['pong', bytes.toString('latin1')]);
  }
  closing(code: number): void {
    this.heard.push(['close', code]);
  }
}

interface Frame {
  readonly opcode: number;
  readonly bytes: Buffer;
  readonly fin?: boolean;
  readonly mask?: Buffer;
}

/** As a client says it. Source: RFC 6455, section 5.2. */
function said({ opcode, bytes, fin = true, mask = Buffer.from([1, 2, 3, 4]) }: Frame): Buffer {
  const { length } = bytes;
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  header[0] = (fin ? 0x80 : 0) | opcode;
  header[1] = 0x80 | (length < 126 ? length : length < 65_536 ? 126 : 127);
  if (header.length === 4) header.writeUInt16BE(length, 2);
  if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, mask, bytes.map((byte, index) => byte ^ mask[index % 4])]);
}

/** What is heard of a stream that comes in pieces of these lengths, again and again. */
function hear(stream: Buffer, cuts: readonly number[] = [stream.length || 1]): { heard: readonly Heard[]; closeCode: number | null } {
  const inbox = new Inbox();
  const reader = new WebSocketReader(MESSAGE_BYTES_MAX, inbox);
  // Each read overwrites the last, as it does behind a socket.
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
    return { heard: inbox.heard, closeCode: error.closeCode };
  }
  return { heard: inbox.heard, closeCode: null };
}

const bytes = (max: number): fc.Arbitrary<Buffer> => fc.uint8Array({ maxLength: max }).map((array) => Buffer.from(array));
const mask = fc.uint8Array({ minLength: 4, maxLength: 4 }).map((array) => Buffer.from(array));
const control = fc.record({ opcode: fc.constantFrom(0x9, 0xa), bytes: bytes(125), mask });
const cuts = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 8 });

/** A message in one frame or some, with pings and pongs between them. */
const message = fc
  .record({
    parts: fc.array(fc.oneof({ weight: 4, arbitrary: bytes(200) }, fc.constant(Buffer.alloc(66_000, 5))), { minLength: 1, maxLength: 5 }),
    between: fc.array(fc.option(control, { nil: null, freq: 3 }), { minLength: 5, maxLength: 5 }),
    mask,
  })
  .filter(({ parts }) => parts.reduce((sum, { length }) => sum + length, 0) <= MESSAGE_BYTES_MAX)
  .map(({ parts, between, mask }) => {
    const frames: Frame[] = [];
    const heard: Heard[] = [];
    for (const [index, part] of parts.entries()) {
      frames.push({ opcode: index === 0 ? 0x2 : 0x0, bytes: part, fin: index === parts.length - 1, mask });
      const other = between[index];
      if (!other || index === parts.length - 1) continue;
      frames.push(other);
      heard.push([other.opcode === 0x9 ? 'ping' : 'pong', other.bytes.toString('latin1')]);
    }
    heard.push(['binary', Buffer.concat(parts).toString('latin1')]);
    return { frames, heard };
  });

describe('what a WebSocket’s client says', () => {
  it('is heard whole and in order, however it is cut into frames and reads', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 4 }), cuts, (messages, cuts) => {
        const stream = Buffer.concat(messages.flatMap(({ frames }) => frames.map(said)));
        expect(hear(stream, cuts)).toEqual({ heard: messages.flatMap(({ heard }) => heard), closeCode: null });
      }),
      { numRuns: 300 },
    );
  });

  it.each([0, 1, 125, 126, 127, 65_535, 65_536, MESSAGE_BYTES_MAX])('is heard with %i bytes, in reads of a byte as in one', (length) => {
    const stream = said({ opcode: 0x2, bytes: Buffer.alloc(length, 9) });
    const heard = [['binary', Buffer.alloc(length, 9).toString('latin1')]];
    expect(hear(stream)).toEqual({ heard, closeCode: null });
    expect(hear(stream, [1])).toEqual({ heard, closeCode: null });
  });

  it('ends with its close: with the code it gives, or with none', () => {
    const more = said({ opcode: 0x2, bytes: Buffer.from('more') });
    expect(hear(Buffer.concat([said({ opcode: 0x8, bytes: Buffer.alloc(0) }), more])).heard).toEqual([['close', 1005]]);
    const left = Buffer.from([0x03, 0xe9, ...Buffer.from('left ✓')]);
    expect(hear(Buffer.concat([said({ opcode: 0x8, bytes: left }), more])).heard).toEqual([['close', 1001]]);
  });

  const hello = Buffer.from('hello');
  const ok = said({ opcode: 0x1, bytes: hello });
  const unmasked = Buffer.from([0x82, 1, 7]);
  const begun = said({ opcode: 0x2, bytes: hello, fin: false });
  const promise = (length: bigint): Buffer => {
    const header = Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
    header.writeBigUInt64BE(length, 2);
    return header;
  };
  it.each<[string, Buffer, number]>([
    ['without a mask', unmasked, 1002],
    ['with a bit of an extension', said({ opcode: 0x2 | 0x40, bytes: hello }), 1002],
    ['of a kind that there is not', said({ opcode: 0x3, bytes: hello }), 1002],
    ['of a control kind that there is not', said({ opcode: 0xb, bytes: hello }), 1002],
    ['that goes on with nothing', said({ opcode: 0x0, bytes: hello }), 1002],
    ['that begins before the last message is whole', Buffer.concat([begun, ok]), 1002],
    ['that is a ping in pieces', said({ opcode: 0x9, bytes: hello, fin: false }), 1002],
    ['that is a long ping', said({ opcode: 0x9, bytes: Buffer.alloc(126) }), 1002],
    ['that closes with half a code', said({ opcode: 0x8, bytes: Buffer.from([3]) }), 1002],
    ['that closes with a code nobody may say', said({ opcode: 0x8, bytes: Buffer.from([0x03, 0xee]) }), 1002],
    ['that closes for a reason that is no text', said({ opcode: 0x8, bytes: Buffer.from([0x03, 0xe8, 0xff]) }), 1007],
    ['that is text and no UTF-8', said({ opcode: 0x1, bytes: Buffer.from([0xc3, 0x28]) }), 1007],
    ['that promises a byte too many', promise(BigInt(MESSAGE_BYTES_MAX) + 1n), 1009],
    ['that promises more than there is', promise(2n ** 63n - 1n), 1009],
    ['that makes a message too long', Buffer.concat([begun, said({ opcode: 0x0, bytes: Buffer.alloc(MESSAGE_BYTES_MAX) })]), 1009],
    [
      'that is one piece of too many',
      Buffer.concat([begun, ...Array.from({ length: 64 }, () => said({ opcode: 0x0, bytes: hello, fin: false }))]),
      1008,
    ],
  ])('ends with a frame %s, and what came before it counts', (_, bad, closeCode) => {
    const stream = Buffer.concat([ok, bad, ok, ok]);
    for (const cuts of [[stream.length], [1], [3, 7]]) expect(hear(stream, cuts)).toEqual({ heard: [['text', 'hello']], closeCode });
  });

  it('is heard or refused, whatever it is, and takes no more memory than a message', () => {
    fc.assert(
      fc.property(bytes(400), cuts, (stream, cuts) => {
        expect(hear(stream, cuts)).toEqual(hear(stream));
      }),
      { numRuns: Number(process.env.FUZZ_RUNS ?? 2_000) },
    );
  });
});
