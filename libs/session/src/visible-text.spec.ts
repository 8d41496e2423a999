import { checkText } from './visible-text.js';

const LIMITS = { graphemesMax: 20, bytesMax: 80 };

describe('a text that a player writes', () => {
  it.each([
    ['hi', 'hi'],
    ['  hi  there ', 'hi  there'],
    ['Straße 👩‍🚀 日本語', 'Straße 👩‍🚀 日本語'],
    ['Аlatin and Cyrillic', 'Аlatin and Cyrillic'],
    ['½ · ① ٣', '½ · ① ٣'],
    ['e\u0301', 'é'],
    ['می\u200cخواهم', 'می\u200cخواهم'],
    ['x'.repeat(20), 'x'.repeat(20)],
    ['<b>&"\'', '<b>&"\''],
  ])('is accepted: %j becomes %j', (entered, text) => {
    expect(checkText(entered, LIMITS)).toEqual({ ok: true, text });
  });

  it.each([
    ['', 'is empty'],
    [' \u3000 ', 'is empty'],
    ['a\nb', 'U+000A'],
    ['a\u0000', 'U+0000'],
    ['a\u202eb', 'U+202E'],
    ['a\u200bb', 'it is invisible'],
    ['\u3164', 'it is invisible'],
    ['a\ue000', 'it is for private use'],
    ['a\ud800', 'it is half of a character'],
    [`a${'\u0301'.repeat(6)}`, 'more than 4 combining marks'],
    ['x'.repeat(21), 'has 21 characters: at most 20 are allowed'],
    ['x'.repeat(100_000), 'at most'],
    [`${'𝔘'.repeat(20)}e\u0301`, 'has 21 characters'],
  ])('is refused when it is %j, and the error gives the reason', (entered, flaw) => {
    expect(checkText(entered, LIMITS)).toEqual({ ok: false, flaw: expect.stringContaining(flaw) });
  });
});
