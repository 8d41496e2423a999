import { isUtf8 } from 'node:buffer';
import * as fc from 'fast-check';
import { pack } from './pack.js';
import type * as native from './plain-value.js';

/** React Native has no `TextDecoder` before version 0.87. */
const { TextDecoder } = globalThis;
let own: typeof native;

beforeAll(() => {
  Reflect.deleteProperty(globalThis, 'TextDecoder');
  jest.isolateModules(() => {
    own = require('./plain-value.js');
  });
  globalThis.TextDecoder = TextDecoder;
});

describe('text on a platform without TextDecoder', () => {
  it('is unchanged after encoding and decoding, whatever its length', () => {
    return fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => {
        const bytes = pack(text);
        expect(own.decodeValue(bytes, 0, bytes.length, own.PLAYER_LIMITS)).toBe(text);
      }),
    );
  });

  it('is decoded or refused exactly as by TextDecoder when its bytes are not UTF-8', () => {
    const [replacing, strict] = [false, true].map((fatal) => new TextDecoder('utf-8', { fatal, ignoreBOM: true }));
    return fc.assert(
      fc.property(anyBytes, (bytes) => {
        const header = Buffer.of(0xda, bytes.length >> 8, bytes.length & 0xff);
        const decode = (limits: native.ReadLimits) => own.decodeValue(Buffer.concat([header, bytes]), 0, bytes.length + 3, limits);
        expect(decode(own.SERVER_LIMITS)).toBe(replacing.decode(bytes));
        if (isUtf8(bytes)) expect(decode(own.PLAYER_LIMITS)).toBe(strict.decode(bytes));
        else expect(() => decode(own.PLAYER_LIMITS)).toThrow('text that is not UTF-8 at byte 3');
      }),
      { numRuns: 1_000 },
    );
  });
});

/** Valid characters of all lengths, and bytes at the borders of the ranges of UTF-8. Many of these texts are longer than 64 bytes. */
const anyBytes = fc
  .array(
    fc.oneof(
      fc.constantFrom('a', 'é', '€', '😀', '\ufeff').map((character) => Buffer.from(character)),
      fc
        .constantFrom(0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff)
        .map((byte) => Buffer.of(byte)),
    ),
    { maxLength: 60 },
  )
  .map((parts) => Buffer.concat(parts));
