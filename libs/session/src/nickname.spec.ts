import fc from 'fast-check';
import { checkNickname, cleanNickname } from './nickname.js';

const LIMITS = { graphemesMax: 32, bytesMax: 256 };
const check = (text: string) => checkNickname(text, LIMITS);
const clean = (text: string) => cleanNickname(text, LIMITS);

describe('checkNickname', () => {
  it.each([
    ['Ada', 'Ada'],
    ['  Ada \u00a0 Lovelace\u3000', 'Ada Lovelace'],
    ['Ada\n', 'Ada'],
    ['x'.repeat(32), 'x'.repeat(32)],
    ['e\u0301', '\u00e9'],
    ['Ａｄａ', 'Ada'],
    ['𝓐𝓭𝓪', 'Ada'],
    ['名無し', '名無し'],
    ['\u1112\u1161\u11ab', '한'],
    ['ㅋㅋㅋ', 'ㅋㅋㅋ'],
    ['Nguyễn', 'Nguyễn'],
    ['עִבְרִית', 'עִבְרִית'],
    ['علی\u200cرضا', 'علی\u200cرضا'],
    ['ශ්\u200dරී', 'ශ්\u200dරී'],
    ['क्षत्रिय', 'क्षत्रिय'],
    ['ကြွေးမြို့', 'ကြွေးမြို့'],
    ['Gal·la', 'Gal·la'],
    ['约翰·史密斯', '约翰·史密斯'],
    ['ジョン・スミス', 'ジョン・スミス'],
    ['<b>_-.x42', '<b>_-.x42'],
    ['Дарк Ann', 'Дарк Ann'],
  ])('accepts %j as %j', (text, name) => {
    expect(check(text)).toEqual({ ok: true, name });
  });

  it.each([
    ['👩‍🚀'],
    ['Ada 🇩🇪🇫🇷'],
    ['👍🏽👨🏿‍🦰'],
    ['1️⃣#️⃣'],
    ['❤️'],
    ['❤'],
    ['™️'],
    ['🏴󠁧󠁢󠁥󠁮󠁧󠁿'],
    ['👁️‍🗨️'],
    ['🦊'.repeat(32)],
    ['👨‍👩‍👧‍👦'.repeat(10)],
  ])('accepts the emoji %s unchanged', (text) => {
    expect(check(text)).toEqual({ ok: true, name: text });
  });

  it.each<[string, string, string]>([
    ['nothing', '', 'is empty: it needs at least one visible character'],
    ['only spaces', ' \u3000\u2003', 'is empty'],
    ['a Hangul filler', '\u3164', 'has the character U+3164, which is not allowed: it is invisible'],
    ['a leading Hangul filler', '\u115fa', 'U+115F, which is not allowed: it is invisible'],
    ['a half-width Hangul filler', 'a\uffa0', 'U+FFA0, which is not allowed: it is invisible'],
    ['a Braille blank', '\u2800\u2800', 'U+2800, which is not allowed: it is blank'],
    ['a null notehead', '\u{1d159}', 'U+1D159, which is not allowed: it is blank'],
    ['a hieroglyph blank', '\u{13441}', 'it is blank'],
    ['an object placeholder', '\ufffc', 'it is blank'],
    ['a combining grapheme joiner', 'A\u034fda', 'U+034F, which is not allowed: it is invisible'],
    ['a zero width space', 'a\u200bb', 'U+200B, which is not allowed: it is invisible'],
    ['a word joiner', 'a\u2060b', 'invisible'],
    ['a soft hyphen', 'a\u00adb', 'U+00AD, which is not allowed: it is invisible'],
    ['a bidi override', 'a\u202eb', 'U+202E, which is not allowed: it is invisible'],
    ['a bidi isolate', '\u2066a', 'U+2066, which is not allowed: it is invisible'],
    ['tags', 'a\u{e0061}', 'U+E0061, which is not allowed: it is invisible'],
    ['a variation selector alone', '\ufe0f', 'U+FE0F, which is not allowed: it is invisible'],
    ['a variation selector that selects nothing', 'a\ufe0e', 'invisible'],
    ['a joiner that joins no emoji', 'a\u200db', 'U+200D, which is not allowed: it is invisible, and joins or separates nothing here'],
    ['emoji joined in an unknown combination', '🦊\u200d🚀', 'U+200D'],
    ['a non-joiner between Latin letters', 'a\u200cb', 'U+200C'],
    ['a non-joiner at the end', 'علی\u200c', 'U+200C'],
    ['a control character', 'a\u0000b', 'U+0000, which is not allowed: it is a control character'],
    ['a line break', 'a\nb', 'U+000A, which is not allowed: it is a control character'],
    ['a line separator', 'a\u2028b', 'U+2028, which is not allowed: it only controls how text is laid out'],
    ['half of a character', 'a\ud800', 'U+D800, which is not allowed: it is half of a character'],
    ['a private character', '\ue000', 'U+E000, which is not allowed: it is for private use'],
    ['an unassigned character', '\u0378', 'U+0378, which is not allowed: it has no meaning in Unicode'],
    ['a jamo of an incomplete syllable', '\u1100', 'U+1100, which is not allowed: it is part of a Hangul syllable'],
    ['a tatweel', 'م\u0640', 'U+0640, which is not allowed: RFC 8264 disallows it'],
    ['two kinds of Arabic digits', '\u0661\u06f2', 'it is not allowed in this place'],
    ['a mark without a letter', '\u0301a', 'has a combining mark without a letter before it'],
    ['five marks on one letter', 'Z\u0351\u036b\u0343\u032a\u0302', 'has more than 4 combining marks on one letter'],
    ['Latin with a Cyrillic letter', '\u0410dmin', 'mixes Latin and Cyrillic letters in one word'],
    ['Latin with a Greek letter', 'Ad\u03b1', 'mixes Latin and Greek letters in one word'],
    ['too many characters', 'x'.repeat(33), 'has 33 characters: at most 32 are allowed'],
    ['too many emoji', '👩‍🚀'.repeat(33), 'has 33 characters: at most 32 are allowed'],
    ['too many bytes', '👨‍👩‍👧‍👦'.repeat(11), 'has 275 bytes in UTF-8: at most 256 are allowed'],
    ['a text above the input limit', 'x'.repeat(10_000), 'has more than 512 characters: at most 32 are allowed'],
    ['a text above the input limit after normalization', '\ufdfa'.repeat(500), 'has more than 512 characters: at most 32 are allowed'],
  ])('refuses %s, and gives the reason', (_, text, flaw) => {
    expect(check(text)).toEqual({ ok: false, flaw: expect.stringContaining(flaw) });
  });

  it('returns a name that a second check does not change', () => {
    fc.assert(
      fc.property(anyName, (text) => {
        const checked = check(text);
        if (!checked.ok) return;
        expect(check(checked.name)).toEqual(checked);
        expect(checked.name.replace(RGI_EMOJI, '').replace(/[\u200c\u200d]/g, '')).not.toMatch(/[\p{Default_Ignorable_Code_Point}\p{C}]/u);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('cleanNickname', () => {
  it.each([
    ['Ada', 'Ada'],
    ['  Ada \n Lovelace ', 'Ada Lovelace'],
    ['A\u034fd\u200ba\u202e', 'Ada'],
    ['\u3164\u2800', ''],
    ['\u202e', ''],
    ['🦊\u200d🚀', '🦊🚀'],
    ['x'.repeat(40), 'x'.repeat(32)],
    [`${'x'.repeat(31)} y`, 'x'.repeat(31)],
    ['👨‍👩‍👧‍👦'.repeat(11), '👨‍👩‍👧‍👦'.repeat(10)],
    ['Z\u0351\u036b\u0343\u032a\u0302\u0351', 'Z\u0351\u036b\u0343\u032a'],
    ['\u0301a', 'a'],
    ['\u0410dmin', '\u0410dmin'],
    ['\ud800a', 'a'],
  ])('turns %j into %j', (text, name) => {
    // The second comparison ignores the order of the characters, because NFKC can change the order of combining marks.
    expect(clean(text)).toBe(clean(name));
    expect([...clean(text)].sort()).toEqual([...name.normalize('NFKC')].sort());
  });

  it('removes everything that `checkNickname` refuses, except for mixed alphabets', () => {
    fc.assert(
      fc.property(anyName, (text) => {
        const name = clean(text);
        expect(clean(name)).toBe(name);
        if (name === '') return;
        const checked = check(name);
        if (!checked.ok) expect(checked.flaw).toMatch(/^mixes /);
        else expect(checked.name).toBe(name);
      }),
      { numRuns: 2_000 },
    );
  });

  it('returns a name unchanged when `checkNickname` accepts the name', () => {
    fc.assert(
      fc.property(anyName, (text) => {
        const checked = check(text);
        if (checked.ok) expect(clean(text)).toBe(checked.name);
      }),
      { numRuns: 2_000 },
    );
  });
});

/** Uses `new RegExp`, because TypeScript accepts the flag `v` in a literal only for a later target. */
const RGI_EMOJI = new RegExp(...([String.raw`\p{RGI_Emoji}`, 'gv'] as const));

/** Generates random texts from characters to which a rule for names applies. */
const anyName = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...['a', 'l', '·', '・', 'カ', 'я', 'ω', 'ا', 'ب', '١', '۲', 'ක', '\u0dca', 'ㅋ', '\uffa1', '\u1161', '1', ' ', '\u3000', '\u00a8'],
        ...[
          '\u0301',
          '\u0323',
          '\u0351',
          '\u20e3',
          '\ufe0f',
          '\ufe0e',
          '\u200d',
          '\u200c',
          '\u200b',
          '\u034f',
          '\u3164',
          '\u2800',
          '\u202e',
        ],
        ...['👩', '🚀', '🏽', '🇩', '🇪', '🏴', '\u{e0067}', '\u{e007f}', '❤', '™', '\ufdfa', '\ud83d', '\udc69', '\u05f3', 'א', '\u0375'],
      ),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 2 }),
    ),
    { maxLength: 50 },
  )
  .map((parts) => parts.join(''));
