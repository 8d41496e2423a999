import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as format from './format.js';
import { hashValue } from './hash.js';
import { applyPatch, decodeValue, encodePatch, encodeValue } from './patch.js';
import { StatePatchError } from './state-patch-error.js';

const page = readFileSync(join(process.cwd(), 'docs/state-patch.md'), 'utf8');
const vectors = JSON.parse(readFileSync(join(process.cwd(), 'conformance/patches.json'), 'utf8')) as {
  readonly patches: readonly { name: string; before: unknown; patch: string; after: unknown }[];
  readonly values: readonly { value: unknown; bytes: string }[];
  readonly hashes: readonly { value: unknown; hash: number }[];
  readonly refused: readonly { name: string; before: unknown; patch: string }[];
};

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const constants: Readonly<Record<string, number>> = { ...format };

describe('the page docs/state-patch.md', () => {
  const examples = [...page.matchAll(/```patch\n(.*)\n(.*)\n([^`]*)```/g)].map(([, before, after, bytes]) => ({
    before: JSON.parse(before!) as unknown,
    after: JSON.parse(after!) as unknown,
    bytes: bytes!.replaceAll(/\s/g, ''),
  }));

  it.each(examples.map((example) => [example.bytes, example] as const))(
    'contains the bytes %s of an example',
    (bytes, { before, after }) => {
      expect(hex(encodePatch(before, after))).toBe(bytes);
      expect(applyPatch(before, bytesOf(bytes))).toEqual(after);
    },
  );

  it('explains each byte of an example', () => {
    const rows = [
      ...page
        .split('| bytes | meaning |')[1]!
        .split('\n\n')[0]!
        .matchAll(/^\| (`[^|]+`) \|/gm),
    ];
    const explained = rows.map(([, bytes]) => bytes!.replaceAll(/[^0-9a-f]/g, '')).join('');
    expect(examples.map(({ bytes }) => bytes)).toContain(explained);
  });

  it('lists every operation with its number', () => {
    const listed = [...page.matchAll(/^\| (\d+)(?: to \d+)? \| `([A-Z\d]+)` \|/gm)].map(([, kind, name]) => [name, Number(kind)]);
    const names = ['ENTER', 'SET', 'INSERT', 'REMOVE', 'AGAIN', 'RUN', 'ADD', 'STEP32', 'STEP64', 'SPLICE', 'FLIP'];
    expect(listed.filter(([, kind]) => kind !== format.ADD + 1)).toEqual(names.map((name) => [name, constants[name]]));
  });

  it('lists every tag with its number', () => {
    const listed = [...page.matchAll(/^\| `([0-9a-f]{2})`(?: to `[0-9a-f]{2}`)? \| `(\w+)` \|/gm)];
    expect(listed).toHaveLength(18);
    for (const [, tag, name] of listed)
      expect([name, Number.parseInt(tag!, 16)]).toEqual([name, constants[name!]! + (name === 'DECIMAL' ? 1 : 0)]);
    expect(page).toContain(`more than ${format.DEPTH_MAX} levels`);
  });
});

describe('the file conformance/patches.json', () => {
  it.each(vectors.patches.map((vector) => [vector.name, vector] as const))('contains the patch of %s', (_, { before, patch, after }) => {
    expect(hex(encodePatch(before, after))).toBe(patch);
    expect(applyPatch(before, bytesOf(patch))).toEqual(after);
  });

  it('contains a patch with each kind of operation', () => {
    const kinds = new Set(
      vectors.patches
        .map(({ patch }) => bytesOf(patch))
        .filter((bytes) => bytes.length > 0 && bytes[0]! > 0)
        .flatMap((bytes) => [...bytes.subarray(1, 1 + bytes[0]!)].map((byte) => byte >> 4)),
    );
    expect([...kinds].sort((a, b) => a - b)).toEqual(expect.arrayContaining(Array.from({ length: 15 }, (_, kind) => kind)));
  });

  it('contains values, hashes and refused patches that agree with the library', () => {
    for (const list of [vectors.values, vectors.hashes, vectors.refused]) expect(list.length).toBeGreaterThan(0);
    for (const { value, bytes } of vectors.values) {
      expect(hex(encodeValue(value))).toBe(bytes);
      expect(decodeValue(bytesOf(bytes))).toEqual(value);
    }
    for (const { value, hash } of vectors.hashes) expect([value, hashValue(value)]).toEqual([value, hash]);
    for (const { before, patch } of vectors.refused) expect(() => applyPatch(before, bytesOf(patch))).toThrow(StatePatchError);
  });
});
