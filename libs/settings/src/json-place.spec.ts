import { brokenJsonPlace } from './json-place.js';

describe('the place of an error in a JSON text', () => {
  it.each([
    ['', 1, 1],
    ['{', 1, 2],
    ['{\n  "a": 1,\n}', 3, 1],
    ['{\n  "a": 1\n  "b": 2\n}', 3, 3],
    ['{\r\n  "a": hunter2\r\n}', 2, 8],
    ['{ "a": "x\n" }', 1, 10],
    ['{ "a": "\\x" }', 1, 9],
    ["{ 'a': 1 }", 1, 3],
    ['[1, 2}', 1, 6],
    ['[1, ]', 1, 5],
    ['[01]', 1, 3],
    ['[truer]', 1, 6],
    ['{}\n{}', 2, 1],
    ['// a comment\n{}', 1, 1],
    ['\ufeff{}', 1, 1],
  ])('of %j is line %i, column %i', (text, line, column) => {
    expect(() => JSON.parse(text)).toThrow(SyntaxError);
    expect(brokenJsonPlace(text)).toEqual({ line, column });
  });

  it.each([' null ', '-0.5e+3', '"\\u00e9\\n"', '[]', '{}', '[[], {}, [1, {"a": [true, false]}]]', '{"a": {"b": []}, "c": "d"}\n'])(
    'of the valid text %j does not exist',
    (text) => {
      JSON.parse(text);
      expect(brokenJsonPlace(text)).toBeNull();
    },
  );

  it('is found below any depth of nesting', () => {
    expect(brokenJsonPlace(`${'['.repeat(200_000)}\nx`)).toEqual({ line: 2, column: 1 });
  });

  it('exists exactly when Node refuses the text, for a text with one character removed, replaced or added', () => {
    const text = '{"a": [1, -2.5e3, "b\\u0041"], "c": {"d": null, "e": true}}';
    const wrong: string[] = [];
    for (let at = 0; at <= text.length; at++) {
      for (const put of ['', ...'{}[],:"\\ 0-.ex\n']) {
        for (const removed of [0, 1]) {
          const changed = text.slice(0, at) + put + text.slice(at + removed);
          if ((brokenJsonPlace(changed) === null) !== isJson(changed)) wrong.push(changed);
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
