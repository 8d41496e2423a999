/** Maximum number of words in a sentence. `STYLE.md` asks for fewer than 25, but this check allows some more. */
export const SENTENCE_WORDS_MAX = 35;

/**
 * Matches the beginning of a clause without an agent: "Who says nothing is closed." Questions, and the conjunctions in `ALLOWED`, are
 * allowed.
 */
const HEADLESS = /^(who|whom|whose|what|whoever|whatever|of|as|to one who|one who|one that|those who|those that)\b/i;
/** Like `HEADLESS`, for later sentences of a comment. Later sentences may begin with "of" or "as": "As Orleans does, …". */
const HEADLESS_WITHIN = /^(who|whom|whose|what|whoever|whatever|to one who|one who|one that|those who|those that)\b/i;
const ALLOWED = /^(as (long|soon|far) as|as a (result|rule)|as if|of course)\b/i;

/**
 * Pure: returns the problems of a comment, and the line of each (from 0).
 *
 * @param {string} comment without its delimiters
 * @returns {{ line: number, problem: string }[]}
 */
export function problemsOfComment(comment) {
  return paragraphsOf(comment).flatMap(({ line, text }) =>
    sentencesOf(text).flatMap((sentence, index) => {
      const at = line + text.slice(0, text.indexOf(sentence)).split('\n').length - 1;
      const problems = [];
      const head = headlessStart(sentence, index === 0 ? HEADLESS : HEADLESS_WITHIN);
      if (head) problems.push({ line: at, problem: `begins with "${head}": name the agent ("${shortened(sentence)}")` });
      const words = wordsOf(sentence);
      if (words > SENTENCE_WORDS_MAX)
        problems.push({ line: at, problem: `a sentence of ${words} words, at most ${SENTENCE_WORDS_MAX} ("${shortened(sentence)}")` });
      return problems;
    }),
  );
}

/** Pure: returns the problem of a test name. Null: there is none. @param {string} name */
export function problemOfTestName(name) {
  const head = headlessStart(name, HEADLESS);
  return head ? `test name begins with "${head}": write a sentence about behavior ("${shortened(name)}")` : null;
}

/** @param {string} sentence @param {RegExp} rule */
function headlessStart(sentence, rule) {
  if (sentence.endsWith('?') || ALLOWED.test(sentence)) return null;
  return rule.exec(sentence)?.[0] ?? null;
}

/**
 * Returns the paragraphs, items of lists and tags of JSDoc, one by one. Skips code blocks, tables, directives for tools, and the lists of
 * keys and arguments of a Lua script.
 *
 * @param {string} comment
 */
function paragraphsOf(comment) {
  /** @type {{ line: number, text: string }[]} */
  const paragraphs = [];
  let isOpen = false;
  let isCode = false;
  for (const [line, raw] of comment.split('\n').entries()) {
    if (/^\s*```/.test(raw)) isCode = !isCode;
    const isLeftOut =
      isCode || /^\s*```|^ {4,}\S|^(KEYS|ARGV) |^\s*\||^\s*$|^\s*@example|^\s*(biome-ignore|@ts-|eslint|prettier|#!|\/)/.test(raw);
    if (isLeftOut) {
      if (/^\s*@example/.test(raw)) isCode = true;
      isOpen = false;
      continue;
    }
    const item = /^\s*(?:[-*•]|\d+[.)])\s+/.exec(raw) ?? /^\s*@\w+(\s+\{[^}]*\})?(?=\s|$)/.exec(raw);
    const text = item ? withoutParameter(item[0], raw.slice(item[0].length)) : raw;
    if (item || !isOpen) paragraphs.push({ line, text: text.trim() });
    else paragraphs[paragraphs.length - 1].text += `\n${text.trim()}`;
    isOpen = true;
  }
  return paragraphs.filter(({ text }) => text !== '');
}

/** Removes the name from `@param name text`, because it is no part of the sentence. @param {string} tag @param {string} rest */
function withoutParameter(tag, rest) {
  return /@(param|template|typedef|property)\b/.test(tag) ? rest.replace(/^\s*\S+\s*/, '') : rest;
}

/** @param {string} paragraph */
function sentencesOf(paragraph) {
  return paragraph
    .split(/(?<=[.!?]["'”)]?)(?<!\b(?:e\.g|i\.e|vs|cf|etc|approx)\.)\s+(?=[A-Z`"'“(…\d@])/)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== '');
}

/** Counts the words of a sentence. Text in backticks counts as one word. @param {string} sentence */
function wordsOf(sentence) {
  return sentence
    .replace(/`[^`]*`/g, 'code')
    .split(/\s+/)
    .filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}

/** @param {string} sentence */
function shortened(sentence) {
  const line = sentence.replace(/\s+/g, ' ');
  return line.length > 60 ? `${line.slice(0, 60)}…` : line;
}
