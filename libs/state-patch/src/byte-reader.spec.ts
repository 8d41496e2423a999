import type * as reader from './byte-reader.js';
import { TEXT } from './format.js';

/** React Native has no `TextDecoder` before version 0.87. */
const { TextDecoder } = globalThis;
let own: typeof reader;

beforeAll(() => {
  Reflect.deleteProperty(globalThis, 'TextDecoder');
  jest.isolateModules(() => {
    own = require('./byte-reader.js');
  });
  globalThis.TextDecoder = TextDecoder;
});

function textOf(bytes: Uint8Array): string {
  const reader = new own.ByteReader();
  reader.begin(Buffer.from([TEXT, bytes.length, ...bytes]), 0, bytes.length + 2);
  return reader.text();
}

describe('a string of a patch on a platform without TextDecoder', () => {
  it.each(['', 'Zoë', '\ufeff100 % €', '😀'.repeat(20)])('is read: %j', (text) => {
    expect(textOf(Buffer.from(text))).toBe(text);
  });

  it.each([
    ['an incomplete character', [0xe2, 0x82]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['an overlong form', [0xc0, 0xaf]],
    ['a byte that is never used', [0xff]],
  ])('is refused when it has %s', (_, bytes) => {
    expect(() => textOf(Buffer.from(bytes))).toThrow('The patch does not fit: a string is not UTF-8.');
  });
});
