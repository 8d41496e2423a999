import fc from 'fast-check';
import { firstDifference, firstNotPlain, freezeDeep } from './plain-data.js';

class Card {
  suit = 'hearts';
}

describe('firstNotPlain', () => {
  it.each<[unknown, string]>([
    [{ a: [1, { b: undefined }] }, 'state.a[1].b is undefined'],
    [{ a: Number.NaN }, 'state.a is NaN'],
    [{ a: [0, Number.POSITIVE_INFINITY] }, 'state.a[1] is Infinity'],
    [{ at: new Date(0) }, 'state.at is a Date'],
    [{ seen: new Map() }, 'state.seen is a Map'],
    [{ seen: new Set() }, 'state.seen is a Set'],
    [{ hand: [new Card()] }, 'state.hand[0] is a Card'],
    [{ text: '😀'.slice(1) }, 'state.text is a string with half of a surrogate pair (a text cut in the middle of a character)'],
    [{ run: () => {} }, 'state.run is a function'],
    [{ big: 1n }, 'state.big is a bigint'],
    [{ [Symbol('x')]: 1 }, 'state has a symbol for a key'],
    [JSON.parse('{"a":{"__proto__":1}}'), 'state.a has a key __proto__'],
    [{ cells: Array(3) }, 'state.cells has holes'],
    [undefined, 'state is undefined'],
  ])('finds the flaw in %p', (value, flaw) => {
    expect(firstNotPlain(value)).toBe(flaw);
  });

  it('finds no flaw in any JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(firstNotPlain(JSON.parse(JSON.stringify(value).replaceAll('__proto__', 'proto')))).toBeNull();
      }),
    );
  });
});

describe('firstDifference', () => {
  it('finds no difference in a copy', () => {
    // Converts each value to JSON and back, which turns -0 into 0.
    const values = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown);
    fc.assert(fc.property(values, (value) => firstDifference(value, structuredClone(value)) === null));
  });

  it.each<[unknown, unknown, string]>([
    [{ a: [1, 2] }, { a: [1, 3] }, 'state.a[1]'],
    [{ a: [1, 2] }, { a: [1] }, 'state.a[1]'],
    [{ a: {} }, { a: [] }, 'state.a'],
    [{}, { a: null }, 'state.a'],
    [{ a: null }, { a: {} }, 'state.a'],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, 'state (the order of its keys)'],
  ])('finds the first difference between %j and %j', (a, b, path) => {
    expect(firstDifference(a, b)).toBe(path);
  });
});

describe('freezeDeep', () => {
  it('freezes nested objects', () => {
    const value = freezeDeep({ a: [{ b: 1 }] });
    expect(() => {
      value.a[0].b = 2;
    }).toThrow(TypeError);
  });
});
