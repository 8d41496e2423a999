import fc from 'fast-check';
import { KeyList, keyListOf } from './key-list.js';

const wellFormed = fc.string({ unit: 'binary', maxLength: 3 }).filter((key) => key.isWellFormed() && key !== '__proto__');

describe("the list of an object's keys", () => {
  it('has the keys in the order of their UTF-8 bytes', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.oneof(wellFormed, fc.constantFrom('\u{1F600}', '\uffee', '\ud7ff', '\ue000'))), (keys) => {
        const byBytes = keys.slice().sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
        expect(new KeyList(keys).sorted).toEqual(byBytes);
      }),
    );
  });

  it('is shared by objects with equal keys in equal order', () => {
    const list = keyListOf({ y: 1, x: 2 }, null);
    expect(keyListOf({ y: 3, x: 4 }, null)).toBe(list);
    expect(keyListOf({ y: 3, x: 4 }, list)).toBe(list);
    expect(list.sorted).toEqual(['x', 'y']);
  });

  it.each([[{ y: 1 }], [{ y: 1, x: 1, z: 1 }], [{ x: 1, y: 1 }], [{}]])(
    'is not shared with an object that has other keys or another order of keys: %j',
    (record) => {
      const list = keyListOf({ y: 1, x: 2 }, null);
      expect(keyListOf(record, list)).not.toBe(list);
      expect(keyListOf(record, list).own).toEqual(Object.keys(record));
    },
  );

  it('has the keys of its object even when there are more kinds of objects than the cache can store', () => {
    let wrong = 0;
    for (let kind = 0; kind < 40_000; kind++) {
      const record = { [`k${kind % 30_000}`]: 1, a: 2, [`z${kind}`]: 3 };
      if (keyListOf(record, null).own.join() !== Object.keys(record).join()) wrong++;
    }
    expect(wrong).toBe(0);
  });
});
