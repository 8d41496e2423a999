/**
 * The nickname profile of PRECIS (RFC 8266, on the FreeformClass of RFC 8264), with the Unicode version of this Node. It
 * has three additions, because real names need them:
 *
 * - Emoji that Unicode recommends for interchange (`RGI_Emoji`, UTS #51) stay as they are, with the joiners, variation
 *   selectors and tags inside them.
 * - Hangul compatibility jamo stay as they are (`ㅋㅋㅋ`). NFKC turns them into conjoining jamo, which the profile refuses.
 * - A middle dot may stand between any two letters, not only between two `l`: Chinese writes foreign names with it.
 *
 * It has three restrictions, because a name is shown next to other names:
 *
 * - Characters that Unicode classifies as visible but fonts draw as nothing (U+2800 BRAILLE PATTERN BLANK …) are refused.
 * - More than four nonspacing marks in a row are refused (UTS #39, section 5.4), and a mark without a base.
 * - A word that mixes Latin, Greek and Cyrillic letters is refused: `Аdmin` with a Cyrillic `А` looks like `Admin`. Other
 *   look-alikes are not detected (a fully Cyrillic word, `l` and `I`), and two players may have the same name. Only the
 *   user id identifies a user, never the name.
 */

export interface NicknameLimits {
  /** Maximum number of grapheme clusters. A reader sees one cluster as one character. */
  readonly graphemesMax: number;
  /** Maximum number of bytes in UTF-8. A single grapheme cluster can have many bytes. */
  readonly bytesMax: number;
}

/** `flaw` continues a sentence that begins with "The name". It names the problem and the allowed values. */
export type CheckedNickname = { readonly ok: true; readonly name: string } | { readonly ok: false; readonly flaw: string };

/** Removes white space at both ends of a name. Returns the name as other players see it, or its flaw. */
export function checkNickname(text: string, { graphemesMax, bytesMax }: NicknameLimits): CheckedNickname {
  if (text.length > INPUT_CHARS_MAX) return flawed(tooMany(`more than ${INPUT_CHARS_MAX} characters`, graphemesMax));
  const name = mapped(text.trim());
  if (name.length > INPUT_CHARS_MAX) return flawed(tooMany(`more than ${INPUT_CHARS_MAX} characters`, graphemesMax));
  if (name === '') return flawed('is empty: it needs at least one visible character');
  const flaw = characterFlaw(name, text);
  if (flaw !== null) return flawed(flaw);
  const scripts = scriptsMixed(name);
  if (scripts) return flawed(`mixes ${scripts} letters in one word, which look alike: write each word in one alphabet`);
  const long = lengthFlaw(name, { graphemesMax, bytesMax });
  if (long !== null) return flawed(long);
  return { ok: true, name };
}

/**
 * Returns the flaw in the characters of a text. Null: all characters are allowed. `entered`: the text as the player typed it, for the
 * message.
 */
export function characterFlaw(text: string, entered: string): string | null {
  const end = text.match(ALLOWED_START)?.[0].length ?? 0;
  if (end < text.length) return describeDisallowed(String.fromCodePoint(text.codePointAt(end) as number), entered);
  if (MARK_WITHOUT_BASE.test(text)) return 'has a combining mark without a letter before it: remove the mark';
  if (MARKS_TOO_MANY.test(text)) return `has more than ${MARKS_MAX} combining marks on one letter: at most ${MARKS_MAX} are allowed`;
  return null;
}

/** Returns the flaw in the length of a text. Null: the length is allowed. */
export function lengthFlaw(text: string, { graphemesMax, bytesMax }: NicknameLimits): string | null {
  const graphemes = [...SEGMENTER.segment(text)].length;
  if (graphemes > graphemesMax) return tooMany(`${graphemes} characters`, graphemesMax);
  const bytes = Buffer.byteLength(text);
  return bytes > bytesMax ? `has ${bytes} bytes in UTF-8: at most ${bytesMax} are allowed` : null;
}

/**
 * Cleans a name that the player cannot correct, such as the name in a token. Removes the characters that `checkNickname` refuses and cuts
 * the name to the limits. Keeps mixed alphabets, because the issuer of the token is responsible for the name. The result is empty when no
 * character is left.
 */
export function cleanNickname(text: string, limits: NicknameLimits): string {
  let name = text.slice(0, INPUT_CHARS_MAX);
  // Repeats the rules until the name no longer changes, as in RFC 8266, because a removal can bring together two characters that the rules
  // do not allow side by side.
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const cleaned = cutTo(withoutDisallowed(mapped(name.trim()).slice(0, INPUT_CHARS_MAX)), limits);
    if (cleaned === name) return name;
    name = cleaned;
  }
  return '';
}

/**
 * Maximum length of a text in UTF-16 units, before and after normalization. The limit bounds the CPU time of a check, because NFKC turns
 * one character into up to 18. It is higher than the length limit of any name.
 */
const INPUT_CHARS_MAX = 512;
/** Maximum number of rounds of `cleanNickname`. The property test found no input with more than two rounds. */
const ROUNDS_MAX = 8;
/** Maximum number of combining marks on one letter. Source: UTS #39, section 5.4. */
const MARKS_MAX = 4;

const SEGMENTER = new Intl.Segmenter('und', { granularity: 'grapheme' });

/*
 * The patterns use `new RegExp` with the flag `v`, because TypeScript accepts this flag in a literal only for a later target. In the syntax
 * of `v`, `--` subtracts a set.
 */

/**
 * Characters that Unicode classifies as visible, but that fonts draw as nothing: Braille blank, null notehead, hieroglyph blanks, Khitan
 * filler, object placeholder.
 */
const BLANK = String.raw`\u2800\u{1D159}\u{13441}\u{13442}\u{16FE4}\uFFFC`;
/**
 * Parts of syllables, which RFC 8264, section 9.9, disallows. After NFKC, names in modern Korean contain none of them, because NFKC joins
 * them to whole syllables.
 */
const CONJOINING_JAMO = String.raw`\u1100-\u11FF\uA960-\uA97F\uD7B0-\uD7FF`;
/** Single characters that RFC 8264, section 9.6, disallows. */
const EXCEPTIONS = String.raw`\u0640\u07FA\u302E\u302F\u3031-\u3035\u303B`;
/**
 * Characters that RFC 5892, appendix A, allows only in some contexts (CONTEXT_RULES). The joiners are not in the set, because another rule
 * refuses them as invisible characters.
 */
const CONTEXTUAL = String.raw`\u00B7\u0375\u05F3\u05F4\u30FB\u0660-\u0669\u06F0-\u06F9`;
const FREEFORM = String.raw`[[\p{L}\p{M}\p{N}\p{P}\p{S} ]--[\p{Default_Ignorable_Code_Point}${BLANK}${CONJOINING_JAMO}${EXCEPTIONS}${CONTEXTUAL}]]`;
/** Characters of the canonical combining class 9 in the scripts that use joiners today: Devanagari … Sinhala, Myanmar, Khmer. */
const VIRAMA = String.raw`[\u094D\u09CD\u0A4D\u0ACD\u0B4D\u0BCD\u0C4D\u0CCD\u0D4D\u0DCA\u1039\u17D2]`;
/** Letters of the Arabic block with Joining_Type D, after which a non-joiner has a visible effect. Source: ArabicShaping.txt. */
const JOINING = String.raw`[\u0620\u0626\u0628\u062A-\u062E\u0633-\u063F\u0641-\u0647\u0649\u064A\u066E\u066F\u0678-\u0687\u069A-\u06BF\u06C1\u06C2\u06CC\u06CE\u06D0\u06D1\u06FA-\u06FC\u06FF]`;
const JAPANESE = String.raw`[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]`;
const CONTEXT_RULES = [
  // Rules A.1 and A.2 of RFC 5892: joiners after a virama; a non-joiner between Arabic letters, as in Persian.
  String.raw`(?<=${VIRAMA})[\u200C\u200D]`,
  String.raw`(?<=${JOINING}\p{Mn}*)\u200C(?=\p{Mn}*[\p{Script=Arabic}&&\p{L}])`,
  // Rule A.3 of RFC 5892 allows the middle dot only between two `l`. Here it may stand between any two letters.
  String.raw`(?<=\p{L}\p{M}*)\u00B7(?=\p{L})`,
  // Rules A.4 to A.6 of RFC 5892: the Greek numeral sign before Greek, the Hebrew marks after Hebrew.
  String.raw`\u0375(?=\p{Script=Greek})`,
  String.raw`(?<=\p{Script=Hebrew})[\u05F3\u05F4]`,
  // Rule A.7 of RFC 5892: the Katakana middle dot in a name that has a Japanese or Chinese letter.
  String.raw`(?:(?<=${JAPANESE}.*)|(?=.*${JAPANESE}))\u30FB`,
  // Rules A.8 and A.9 of RFC 5892: only one kind of Arabic digits in a name.
  String.raw`(?<![\u06F0-\u06F9].*)[\u0660-\u0669](?!.*[\u06F0-\u06F9])`,
  String.raw`(?<![\u0660-\u0669].*)[\u06F0-\u06F9](?!.*[\u0660-\u0669])`,
];
const RGI_EMOJI = String.raw`\p{RGI_Emoji}`;
const ALLOWED = `(?:${RGI_EMOJI}|${FREEFORM}|${CONTEXT_RULES.join('|')})`;
const ALLOWED_START = new RegExp(`^${ALLOWED}+`, 'v');
const ALLOWED_RUNS = new RegExp(`${ALLOWED}+`, 'gv');

/** Matches emoji and Hangul compatibility jamo, which NFKC must not change. The parentheses make `split` return the matches, too. */
const UNMAPPED = new RegExp(String.raw`(${RGI_EMOJI}|[\u3131-\u3163\u3165-\u318E])`, 'v');
const MARK_WITHOUT_BASE = /(^| )\p{M}+/u;
const MARKS_TOO_MANY = new RegExp(String.raw`([\p{Mn}\p{Me}]{${MARKS_MAX}})[\p{Mn}\p{Me}]+`, 'v');

/**
 * RFC 8266, section 2.1: applies NFKC, turns each run of spaces into one U+0020, and trims the ends. Does not change upper and lower case.
 */
function mapped(text: string): string {
  const parts = text.split(UNMAPPED);
  // The parts with an odd index are the matches of UNMAPPED (emoji and jamo), and stay as they are.
  const normalized = parts.map((part, index) => (index % 2 === 0 ? part.normalize('NFKC') : part)).join('');
  return normalized.replace(/\p{Zs}+/gu, ' ').trim();
}

function withoutDisallowed(name: string): string {
  const allowed = name.match(ALLOWED_RUNS)?.join('') ?? '';
  return allowed.replace(new RegExp(MARKS_TOO_MANY, 'gv'), '$1').replace(new RegExp(MARK_WITHOUT_BASE, 'gu'), '$1');
}

function cutTo(name: string, { graphemesMax, bytesMax }: NicknameLimits): string {
  let cut = '';
  let bytes = 0;
  let graphemes = 0;
  for (const { segment } of SEGMENTER.segment(name)) {
    bytes += Buffer.byteLength(segment);
    graphemes += 1;
    if (bytes > bytesMax || graphemes > graphemesMax) break;
    cut += segment;
  }
  return cut.trim();
}

const LOOK_ALIKES = ['Latin', 'Greek', 'Cyrillic'].map((name) => ({ name, letter: new RegExp(`\\p{Script=${name}}`, 'u') }));

/** Returns the scripts that one word mixes, such as `Latin and Cyrillic`. Null: no word mixes scripts. */
function scriptsMixed(name: string): string | null {
  for (const [word] of name.matchAll(/[\p{L}\p{M}]+/gu)) {
    const scripts = LOOK_ALIKES.filter(({ letter }) => letter.test(word));
    if (scripts.length > 1) return scripts.map((script) => script.name).join(' and ');
  }
  return null;
}

/** The reasons why a character is not allowed, each with its test. The first test that matches gives the reason. */
const REASONS: readonly (readonly [test: RegExp, reason: string])[] = [
  [/[\u200C\u200D]/u, 'it is invisible, and joins or separates nothing here'],
  [/\p{Default_Ignorable_Code_Point}/u, 'it is invisible'],
  [/\p{Cc}/u, 'it is a control character'],
  [/[\p{Cf}\p{Zl}\p{Zp}]/u, 'it only controls how text is laid out'],
  [/\p{Cs}/u, 'it is half of a character'],
  [/\p{Co}/u, 'it is for private use, and looks different on each machine'],
  [/\p{Cn}/u, `it has no meaning in Unicode ${process.versions.unicode}`],
  [new RegExp(`[${BLANK}]`, 'v'), 'it is blank'],
  [new RegExp(`[${CONJOINING_JAMO}]`, 'v'), 'it is part of a Hangul syllable that is not complete'],
  [new RegExp(`[${CONTEXTUAL}]`, 'v'), 'it is not allowed in this place'],
];

/**
 * Describes a character that is not allowed.
 *
 * @param text the entered text: the message names the character that the player typed, not its normalized form
 */
function describeDisallowed(character: string, text: string): string {
  const entered = [...text].find((one) => one.normalize('NFKC').includes(character)) ?? character;
  const reason = REASONS.find(([test]) => test.test(character))?.[1] ?? 'RFC 8264 disallows it';
  const codePoint = (entered.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0');
  return `has the character U+${codePoint}, which is not allowed: ${reason}`;
}

function tooMany(what: string, graphemesMax: number): string {
  return `has ${what}: at most ${graphemesMax} are allowed`;
}

function flawed(flaw: string): CheckedNickname {
  return { ok: false, flaw };
}
