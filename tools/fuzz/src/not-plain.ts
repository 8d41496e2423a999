/**
 * Bytes that are invalid by `docs/protocol.md`, although some MessagePack libraries accept them. They use every extension
 * and special type of msgpackr, unknown extensions, and wrong lengths. Specs send each sample to every socket of a server that reads
 * messages. The fuzzer inserts the samples into other bytes.
 */
export type Sample = readonly [name: string, bytes: Buffer];

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const ascii = (text: string): Buffer => Buffer.concat([Buffer.from([0xa0 | text.length]), Buffer.from(text, 'latin1')]);
const ID = (id: number): Buffer => Buffer.concat([hex('d6 69'), uint32(id)]);
const POINTER = (id: number): Buffer => Buffer.concat([hex('d6 70'), uint32(id)]);

/** Extension types, with the names of msgpackr's `unpack.js` or of the MessagePack specification. */
export const EXTENSIONS: readonly Sample[] = [
  ['undefined (0x00)', hex('d4 00 00')],
  ['a big integer (0x42)', hex('d4 42 01')],
  ['a big integer of 9 bytes (0x42)', hex('c7 09 42 01 00 00 00 00 00 00 00 00')],
  ['a big integer of 4,000 bytes (0x42)', Buffer.concat([hex('c8 0f a0 42'), Buffer.alloc(4_000, 0x7f)])],
  ['bundled strings (0x62)', hex('d6 62 00 00 00 06 92 c1 01 c1 ff a1 61 a1 62')],
  ['bundled strings that reach beyond the end (0x62)', hex('d6 62 7f ff ff ff a1 61')],
  ['an error (0x65)', Buffer.concat([hex('d4 65 00 93'), ascii('TypeError'), ascii('boom'), hex('c0')])],
  ['an id (0x69)', Buffer.concat([ID(1), hex('90')])],
  ['a pointer to nothing (0x70)', POINTER(1)],
  ['a shared object: an id and a pointer', Buffer.concat([hex('92'), ID(1), hex('81 a1 61 01'), POINTER(1)])],
  ['a cycle: an array that contains itself', Buffer.concat([ID(1), hex('91'), POINTER(1)])],
  ['a definition of a record (0x72)', Buffer.concat([hex('d4 72 40 91'), ascii('a'), hex('01')])],
  ['a definition of a record with two bytes (0x72)', Buffer.concat([hex('d5 72 40 00 91'), ascii('a'), hex('01')])],
  ['a record used twice (0x72)', Buffer.concat([hex('92 d4 72 40 91'), ascii('a'), hex('01 40 02')])],
  ['a record with a key __proto__ (0x72)', Buffer.concat([hex('d4 72 40 91'), ascii('__proto__'), hex('80')])],
  ['a set (0x73)', hex('d4 73 00 93 01 02 03')],
  ['a set as ext 8 (0x73)', hex('c7 00 73 93 01 02 03')],
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 17, 99].map(
    (type): Sample => [`a typed array of type ${type} (0x74)`, Buffer.concat([hex('c7 09 74'), Buffer.from([type]), Buffer.alloc(8)])],
  ),
  ['a regular expression (0x78)', Buffer.concat([hex('d4 78 00 92'), ascii('(a+)+$'), ascii('g')])],
  ['a timestamp of 32 bits (0xff)', hex('d6 ff 00 00 00 00')],
  ['a timestamp of 64 bits (0xff)', hex('d7 ff 00 00 00 00 00 00 00 00')],
  ['a timestamp of 96 bits (0xff)', hex('c7 0c ff 00 00 00 00 00 00 00 00 00 00 00 00')],
  ['a timestamp of an invalid length (0xff)', hex('c7 01 ff 00')],
  ['an unknown fixext 1', hex('d4 01 00')],
  ['an unknown fixext 2', hex('d5 01 00 00')],
  ['an unknown fixext 4', hex('d6 01 00 00 00 00')],
  ['an unknown fixext 8', Buffer.concat([hex('d7 01'), Buffer.alloc(8)])],
  ['an unknown fixext 16', Buffer.concat([hex('d8 01'), Buffer.alloc(16)])],
  ['an unknown ext 8', hex('c7 02 01 00 00')],
  ['an empty ext 8', hex('c7 00 01')],
  ['an unknown ext 16', hex('c8 00 02 01 00 00')],
  ['an unknown ext 32', hex('c9 00 00 00 02 01 00 00')],
  ['an ext 32 that declares four billion bytes', hex('c9 ff ff ff ff 42 00')],
  ['the byte without a meaning', hex('c1')],
];

export const BAD_NUMBERS: readonly Sample[] = [
  ['2^53', hex('cf 00 20 00 00 00 00 00 00')],
  ['2^53 + 1', hex('cf 00 20 00 00 00 00 00 01')],
  ['the largest of 64 bits', hex('cf ff ff ff ff ff ff ff ff')],
  ['-2^53', hex('d3 ff e0 00 00 00 00 00 00')],
  ['the least of 64 bits', hex('d3 80 00 00 00 00 00 00 00')],
];

export const BAD_KEYS: readonly Sample[] = [
  ['a number as a key', hex('81 01 01')],
  ['a negative number as a key', hex('81 ff 01')],
  ['nil as a key', hex('81 c0 01')],
  ['true as a key', hex('81 c3 01')],
  ['an array as a key', hex('81 91 a1 61 01')],
  ['a map as a key', hex('81 80 01')],
  ['bytes as a key', hex('81 c4 01 61 01')],
  ['a timestamp as a key', hex('81 d6 ff 00 00 00 00 01')],
  ['a shared object as a key', Buffer.concat([hex('81'), ID(1), hex('a1 61 01')])],
  ['the key __proto__', Buffer.concat([hex('81'), ascii('__proto__'), hex('81 a1 78 01')])],
  ['the key __proto__ as str 8', Buffer.concat([hex('81 d9 09'), Buffer.from('__proto__'), hex('01')])],
  ['the key __proto__ as str 16', Buffer.concat([hex('81 da 00 09'), Buffer.from('__proto__'), hex('01')])],
  ['the key __proto__ as str 32', Buffer.concat([hex('81 db 00 00 00 09'), Buffer.from('__proto__'), hex('01')])],
  ['the key __proto__ as map 32', Buffer.concat([hex('df 00 00 00 01'), ascii('__proto__'), hex('80')])],
];

const WRONG_TEXT: readonly (readonly [name: string, bytes: string])[] = [
  ['a continuation byte alone', '80'],
  ['a cut character', 'e2 82'],
  ['an overlong form', 'c0 80'],
  ['an overlong form of three bytes', 'e0 80 80'],
  ['half of a surrogate pair', 'ed a0 80'],
  ['a character beyond U+10FFFF', 'f4 90 80 80'],
  ['a byte that never occurs in UTF-8', 'ff'],
];
export const BAD_TEXTS: readonly Sample[] = WRONG_TEXT.flatMap(([name, bytes]): Sample[] => {
  const short = hex(bytes);
  const long = Buffer.concat([Buffer.alloc(100, 0x61), short]);
  return [
    [`text with ${name}`, Buffer.concat([Buffer.from([0xa0 | short.length]), short])],
    [`a long text with ${name}`, Buffer.concat([Buffer.from([0xd9, long.length]), long])],
    [`a key with ${name}`, Buffer.concat([Buffer.from([0x81, 0xa0 | short.length]), short, hex('01')])],
  ];
});

export const BAD_SIZES: readonly Sample[] = [
  ['an array without its item', hex('91')],
  ['a key without its value', hex('81 a1 61')],
  ['a cut number', hex('cb 00 00')],
  ['two values', hex('01 01')],
  ['an array 16 that declares too many items', hex('dc ff ff')],
  ['an array 32 that declares four billion items', hex('dd ff ff ff ff')],
  ['a map 16 that declares too many entries', hex('de ff ff')],
  ['a map 32 that declares four billion entries', hex('df ff ff ff ff')],
  ['a text of four billion bytes', hex('db ff ff ff ff 61')],
  ['four billion bytes', hex('c6 ff ff ff ff 00')],
  ['a thousand arrays that declare a thousand items each', Buffer.from('dc03e8'.repeat(1_000), 'hex')],
  ['arrays 513 deep', Buffer.concat([Buffer.alloc(513, 0x91), hex('c0')])],
  ['maps 513 deep', Buffer.concat([Buffer.from('81a161'.repeat(513), 'hex'), hex('c0')])],
  ['arrays 8,000 deep', Buffer.concat([Buffer.alloc(8_000, 0x91), hex('c0')])],
];

export const NOT_PLAIN: readonly Sample[] = [...EXTENSIONS, ...BAD_NUMBERS, ...BAD_KEYS, ...BAD_TEXTS, ...BAD_SIZES];

/**
 * Returns an array of nested arrays. Each level is an array with two references to the previous level. Written out as a tree, it has
 * 2^`levels` leaves. 30 levels take a few hundred bytes. By default, msgpackr decodes them to shared arrays in microseconds.
 */
export function referenceBomb(levels = 30): Buffer {
  const parts: Buffer[] = [Buffer.from([0xdc, levels >> 8, levels & 0xff]), ID(1), hex('90')];
  for (let level = 2; level <= levels; level++) parts.push(ID(level), hex('92'), POINTER(level - 1), POINTER(level - 1));
  return Buffer.concat(parts);
}

/** Returns the sample four times: alone, in an array, in a map, and deep within maps and arrays. */
export function nestings([name, bytes]: Sample): readonly Sample[] {
  return [
    [name, bytes],
    [`${name}, in an array`, Buffer.concat([hex('93 01'), bytes, hex('c0')])],
    [`${name}, in a map`, Buffer.concat([hex('82 a1 61 01'), ascii('b'), bytes])],
    [`${name}, deep within`, Buffer.concat([Buffer.from('81a16191'.repeat(20), 'hex'), bytes])],
  ];
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
