import * as fc from 'fast-check';
import { encodePlayerMessage, KIND, LENGTH_BYTES, type PlayerMessage, pack } from '#libs/protocol';
import { wildBytes } from './wild-bytes.js';

/** Generators of hostile values, of hostile bytes, and of valid messages with modifications. */

const KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'toJSON',
  'then',
  'hasOwnProperty',
  'length',
  '',
  'kind',
  'code',
  'room',
];
const NUMBERS = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  -0,
  -1,
  0.5,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  2 ** 64,
  -(2 ** 63),
  1e308,
  5e-324,
];
const STRINGS = ['', '\u0000', '\ud800', '__proto__', '../../etc/passwd', '*', '{hf}', '\r\n', '\u202e', '💥'.repeat(40), 'x'.repeat(300)];

const key = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...KEYS) }, { weight: 1, arbitrary: fc.string({ maxLength: 8 }) });

/**
 * Hostile values. An object may have an own key `__proto__`. Only `fromEntries` can create this key, because an assignment would set the
 * prototype.
 */
export const value: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      fc.constantFrom<unknown>(...NUMBERS, ...STRINGS, null, true, undefined, 2n ** 63n, -1n, new Uint8Array([255, 0]), new Date(0)),
      fc.integer(),
      fc.double(),
      fc.string({ maxLength: 20, unit: 'binary' }),
    ),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  ),
})).value;

const OPERATIONS = [
  'games.list',
  'rooms.create',
  'rooms.join',
  'rooms.watch',
  'rooms.leave',
  'rooms.ready',
  'match.find',
  'me',
  'room.end',
];
const operation = fc.oneof(fc.constantFrom(...OPERATIONS), fc.constantFrom(...STRINGS));
const number = fc.oneof(fc.nat(), fc.constantFrom(...NUMBERS));

/** Messages of every kind. Each field may have any value. */
export const message: fc.Arbitrary<PlayerMessage> = fc
  .oneof(
    fc.record({ kind: fc.constant('hello'), protocol: fc.oneof(fc.constant(1), value), name: fc.oneof(fc.constant('ada'), value) }),
    fc.record({ kind: fc.constant('hello'), protocol: fc.constant(1), session: value, secret: value, room: value, version: value }),
    fc.record({ kind: fc.constant('request'), id: number, operation, data: value }),
    fc.record({ kind: fc.constant('command'), seq: number, settled: number, name: operation, data: value }),
    fc.record({ kind: fc.constantFrom('ack', 'ping'), version: number, nonce: number }),
    fc.record({ kind: fc.constant('input'), number, data: value }),
    fc.record({ kind: fc.constant('bye') }),
  )
  .map((made) => made as unknown as PlayerMessage);

/** MessagePack with wrong lengths, with extensions, and with deep nesting. */
const CLAIMS = [
  ...['c1', 'dd01ffffff', 'ddffffffff', 'df00ffffff', 'dbffffffff', 'c6ffffffff', 'c9ffffffff42', 'd47200', 'd6ff00000000', 'c70062'].map(
    (hex) => Buffer.from(hex, 'hex'),
  ),
  Buffer.from('dd01ffffff'.repeat(200), 'hex'),
  Buffer.alloc(3_000, 0x91),
  Buffer.alloc(3_000, 0x81),
  Buffer.from('81a95f5f70726f746f5f5f81a8706f6c6c757465640a', 'hex'),
  Buffer.from([0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80]),
];

const bend = fc.record({
  how: fc.constantFrom('flip', 'cut', 'set', 'splice', 'repeat', 'claim'),
  at: fc.nat(),
  to: fc.nat(255),
  bytes: fc.oneof(fc.uint8Array({ maxLength: 12 }), fc.constantFrom(...CLAIMS)),
});
type Bend = typeof bend extends fc.Arbitrary<infer One> ? One : never;

function bent(bytes: Buffer, { how, at, to, bytes: more }: Bend): Buffer {
  const index = at % (bytes.length + 1);
  const [before, after] = [bytes.subarray(0, index), bytes.subarray(index)];
  if (how === 'cut') return Buffer.from(before);
  if (how === 'splice') return Buffer.concat([before, more, after]);
  if (how === 'claim') return Buffer.concat([before, more]);
  if (how === 'repeat') return Buffer.concat([before, ...Array<Buffer>(1 + (to % 8)).fill(after)]).subarray(0, 20_000);
  const changed = Buffer.from(bytes);
  if (index < bytes.length) changed[index] = how === 'set' ? to : changed[index] ^ (1 << (to % 8));
  return changed;
}

/** Returns the bytes unchanged or with up to three modifications. */
export function bentBytes(sound: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  return fc.tuple(sound, fc.array(bend, { maxLength: 3 })).map(([bytes, bends]) => bends.reduce(bent, bytes));
}

const soundFrame = message.map((sent) => orElse(() => Buffer.from(encodePlayerMessage(sent)), Buffer.from([KIND.bye])));
const anyFrame = fc
  .tuple(
    fc.oneof(fc.constantFrom(...Object.values(KIND)), fc.nat(255)),
    fc.oneof(fc.uint8Array({ maxLength: 80 }), fc.constantFrom(...CLAIMS)),
  )
  .map(([kind, rest]) => Buffer.from([kind, ...rest]));
/** Frames with a valid header and a body that is not plain MessagePack. */
const wildFrame = fc
  .tuple(
    fc.constantFrom(
      [KIND.hello],
      [KIND.request, 0, 0, 0, 1, 2, 0x6d, 0x65],
      [KIND.command, 0, 0, 0, 1, 0, 0, 0, 0, 5, ...Buffer.from('place')],
      [KIND.response, 0, 0, 0, 1, 0],
      [KIND.sync, 0, 0, 0, 1, 0, 0, 0, 1],
      [KIND.placed],
    ),
    wildBytes,
  )
  .map(([head, body]) => Buffer.concat([Buffer.from(head), body]));
export const frame: fc.Arbitrary<Buffer> = fc.oneof(bentBytes(soundFrame), anyFrame, wildFrame);

const TEXTS = [
  '1e999',
  '{"kind":"hello","protocol":1e999}',
  '{"__proto__":{"polluted":1},"kind":"hello","protocol":1}',
  '{"kind":"request","id":1,"operation":"me","data":{"__proto__":{"polluted":1}}}',
  '{"kind":"ack","version":-0}',
  `{"kind":"request","id":1,"operation":"me","data":${'['.repeat(3_000)}${']'.repeat(3_000)}}`,
  `${'{"a":'.repeat(3_000)}1${'}'.repeat(3_000)}`,
  '\ufeff{}',
  'null',
  '[]',
  '"\\ud800"',
  '{"kind":"request","id":1,"operation":"me","data":["\\ud83d"]}',
  '{"kind":"request","id":1,"operation":"me","data":{"\\udca5":1}}',
  '{"kind":"hello","protocol":1,"name":"ada","name":"eve","kind":"bye"}',
  '{"kind":"command","seq":1,"name":"place","data":{"\\u005f_proto__":{"polluted":1}}}',
  `{"kind":"command","seq":1,"name":"place","data":${'{"a":['.repeat(400)}1${']}'.repeat(400)}}`,
  `{"kind":"request","id":1,"operation":"me","data":[${'{},'.repeat(1_000)}1]}`,
  `{"kind":"request","id":1,"operation":"${'x'.repeat(3_000)}"}`,
  `{"to":"game:none","note":"${'y'.repeat(3_000)}"}`,
  '{"note":"\\ud800","__proto__":{"to":"x"}}',
];
const soundText = message.map((sent) => Buffer.from(JSON.stringify(sent, (_, item) => (typeof item === 'bigint' ? Number(item) : item))));
/** Hostile JSON. It is bytes and not strings, because hostile text can be invalid UTF-8. */
export const text: fc.Arbitrary<Buffer> = fc.oneof(
  bentBytes(soundText),
  bentBytes(fc.oneof(fc.constantFrom(...TEXTS), fc.json()).map((json) => Buffer.from(json))),
);

/**
 * Returns streams of length-prefixed frames. Modifies each stream as a whole, so that lengths can be wrong and the last frame can be
 * incomplete.
 */
export function streamOf(frames: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  return bentBytes(fc.array(frames, { minLength: 1, maxLength: 5 }).map((some) => Buffer.concat(some.map(withLength))));
}

export function withLength(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** Encoded values, or no bytes if a value cannot be encoded. */
export const packed: fc.Arbitrary<Buffer> = value.map((one) => orElse(() => Buffer.from(pack(one)), Buffer.alloc(0)));

function orElse(make: () => Buffer, otherwise: Buffer): Buffer {
  try {
    return make();
  } catch {
    return otherwise;
  }
}
