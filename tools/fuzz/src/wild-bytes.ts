import * as fc from 'fast-check';
import { pack } from '#libs/protocol';
import { NOT_PLAIN, referenceBomb } from './not-plain.js';

/**
 * MessagePack that our encoders never write, in nested form. It contains references and shared structure, every extension, repeated keys,
 * keys that are not strings, invalid text and wrong lengths. It can be very deep and very wide.
 */

const KEYS = ['a', 'b', 'kind', 'data', 'name', 'protocol', 'version', 'seats', 'state', '__proto__', 'constructor', 'toJSON', 'then', ''];
const WRONG_TEXTS = ['80', 'c080', 'eda080', 'f4908080', 'ff', 'e282', 'efbbbf'];

const promised = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.constantFrom(-1, 1, 255, 65_535, 0xffff_ffff) },
);
const type = fc.oneof(fc.constantFrom(0x00, 0x42, 0x62, 0x65, 0x69, 0x70, 0x72, 0x73, 0x74, 0x78, 0xff), fc.nat(255));
const id = fc.oneof(fc.nat(3), fc.constant(0xffff_ffff));

const key = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...KEYS).map((text) => textOf(Buffer.from(text))) },
  { weight: 1, arbitrary: fc.constantFrom(...WRONG_TEXTS).map((hex) => textOf(Buffer.from(hex, 'hex'))) },
  { weight: 1, arbitrary: fc.constantFrom(...NOT_PLAIN.map(([, bytes]) => bytes)) },
  { weight: 1, arbitrary: fc.oneof(fc.integer(), fc.constantFrom(null, true, 1.5)).map((value) => Buffer.from(pack(value))) },
);

const leaf = fc.oneof(
  fc
    .oneof(fc.integer(), fc.double(), fc.string({ maxLength: 100, unit: 'binary' }), fc.constantFrom(null, true, false))
    .map((value) => Buffer.from(pack(value))),
  fc.constantFrom(...WRONG_TEXTS).map((hex) => textOf(Buffer.from(hex, 'hex'))),
  fc.constantFrom(...NOT_PLAIN.map(([, bytes]) => bytes)),
  id.map((to) => Buffer.concat([Buffer.of(0xd6, 0x70), uint32(to)])),
  fc.integer({ min: 1, max: 40 }).map((levels) => referenceBomb(levels)),
  fc
    .tuple(fc.constantFrom('91', '81a161', '92c0', 'd6690000000191', 'd47300', 'dc0001'), fc.integer({ min: 1, max: 1_500 }))
    .map(([hex, depth]) => Buffer.concat([Buffer.from(hex.repeat(depth), 'hex'), Buffer.of(0xc0)])),
  fc
    .tuple(fc.constantFrom(0x80, 0x90, 0xa0, 0xc0, 0x01), fc.nat(3_000))
    .map(([byte, width]) => Buffer.concat([Buffer.of(0xdd), uint32(width), Buffer.alloc(width, byte)])),
);

export const wildBytes: fc.Arbitrary<Buffer> = fc.letrec<{ bytes: Buffer }>((tie) => ({
  bytes: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc
      .tuple(fc.array(tie('bytes'), { maxLength: 5 }), promised)
      .map(([items, more]) => Buffer.concat([head(0x90, 0xdd, items.length, more), ...items])),
    fc
      .tuple(fc.array(fc.tuple(key, tie('bytes')), { maxLength: 5 }), promised)
      .map(([entries, more]) => Buffer.concat([head(0x80, 0xdf, entries.length, more), ...entries.flat()])),
    // A value with an id. Bytes after it, and even bytes inside it, can refer to the value by the id.
    fc.tuple(id, tie('bytes')).map(([to, target]) => Buffer.concat([Buffer.of(0xd6, 0x69), uint32(to), target])),
    fc
      .tuple(type, fc.constantFrom(0xd4, 0xd5, 0xd6, 0xd7, 0xd8), tie('bytes'))
      .map(([of, form, body]) => Buffer.concat([Buffer.of(form, of), Buffer.alloc(1 << (form - 0xd4)), body])),
    fc
      .tuple(type, promised, tie('bytes'))
      .map(([of, more, body]) => Buffer.concat([Buffer.of(0xc9), uint32(body.length + more), Buffer.of(of), body])),
  ),
})).bytes;

/**
 * Returns the head of an array or map. `more`: the number of missing items that the head declares. Without missing items, it has the short
 * form.
 */
function head(short: number, long: number, length: number, more: number): Buffer {
  return more === 0 ? Buffer.of(short | length) : Buffer.concat([Buffer.of(long), uint32(length + more)]);
}

function textOf(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.of(0xd9, bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(Math.max(0, value) % 2 ** 32);
  return bytes;
}
