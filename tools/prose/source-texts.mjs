import ts from 'typescript';

/**
 * @typedef {{ line: number, text: string }} TextAt A text and the line on which it begins.
 * @typedef {{ comments: TextAt[], testNames: TextAt[] }} SourceTexts
 */

/** Functions of Jest whose first argument is a test name. */
const TEST_FUNCTIONS = new Set(['it', 'test', 'describe']);

/**
 * Pure: returns the comments and test names of a TypeScript or JavaScript file. Neighboring `//` lines are one comment.
 *
 * @param {string} path its extension selects the language: TypeScript or JavaScript, with or without JSX
 * @param {string} code
 * @returns {SourceTexts}
 */
export function textsOfScript(path, code) {
  const file = ts.createSourceFile(path, code, ts.ScriptTarget.Latest, true);
  const lineAt = (/** @type {number} */ position) => file.getLineAndCharacterOfPosition(position).line + 1;
  /** @type {TextAt[]} */
  const testNames = [];
  const characters = [...code.split('')];
  const visit = (/** @type {ts.Node} */ node) => {
    if (isTextToken(node)) blank(characters, node.getStart(file), node.end);
    if (ts.isCallExpression(node) && TEST_FUNCTIONS.has(nameOfCallee(node.expression))) {
      const name = node.arguments[0] && textOf(node.arguments[0]);
      if (name) testNames.push({ line: lineAt(node.arguments[0].getStart(file)), text: name });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return { comments: commentsOf(characters.join(''), code, lineAt), testNames };
}

/**
 * Pure: returns the comments of a Lua script. Skips strings, because a `--` in a string begins no comment.
 *
 * @param {string} code
 * @returns {TextAt[]}
 */
export function commentsOfLua(code) {
  /** @type {TextAt[]} */
  const found = [];
  const pattern = /--\[(=*)\[([\s\S]*?)\]\1\]|--([^\n]*)|\[(=*)\[[\s\S]*?\]\4\]|"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*'/g;
  for (const match of code.matchAll(pattern)) {
    const text = match[2] ?? match[3];
    if (text === undefined) continue;
    const before = code.slice(0, match.index);
    const isOnLineOfCode = /\S/.test(before.slice(before.lastIndexOf('\n') + 1));
    found.push({ line: before.split('\n').length, text: text.replace(/^ /, ''), ...(isOnLineOfCode && { isTrailing: true }) });
  }
  return joined(found);
}

/**
 * Finds the comments with the scanner of TypeScript. The scanner would also find comment marks in templates and regular expressions. So in
 * `blanked`, the caller has replaced templates and regular expressions by blanks.
 *
 * @param {string} blanked @param {string} code @param {(position: number) => number} lineAt
 */
function commentsOf(blanked, code, lineAt) {
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, false, ts.LanguageVariant.Standard, blanked);
  /** @type {(TextAt & { isTrailing?: boolean })[]} */
  const found = [];
  for (let kind = scanner.scan(); kind !== ts.SyntaxKind.EndOfFileToken; kind = scanner.scan()) {
    const [start, end] = [scanner.getTokenStart(), scanner.getTokenEnd()];
    const isTrailing = /\S/.test(code.slice(code.lastIndexOf('\n', start - 1) + 1, start));
    if (kind === ts.SyntaxKind.SingleLineCommentTrivia)
      found.push({ line: lineAt(start), text: code.slice(start, end).replace(/^\/+ ?/, ''), isTrailing });
    if (kind === ts.SyntaxKind.MultiLineCommentTrivia) {
      const text = code
        .slice(start, end)
        .replace(/^\/\*+ ?|\*+\/$/g, '')
        .replace(/^[ \t]*\* ?/gm, '');
      // Marks this comment as trailing, so that `joined` does not join it with the comments on neighboring lines.
      found.push({ line: lineAt(start), text, isTrailing: true });
    }
  }
  return joined(found);
}

/** Joins comments on neighboring lines. @param {(TextAt & { isTrailing?: boolean })[]} comments @returns {TextAt[]} */
function joined(comments) {
  /** @type {(TextAt & { isTrailing?: boolean })[]} */
  const all = [];
  for (const comment of comments) {
    const last = all.at(-1);
    const isNext = last && !last.isTrailing && !comment.isTrailing && last.line + last.text.split('\n').length === comment.line;
    if (isNext) last.text += `\n${comment.text}`;
    else all.push({ ...comment });
  }
  return all.map(({ line, text }) => ({ line, text }));
}

/** @param {ts.Node} node */
function isTextToken(node) {
  return (
    ts.isStringLiteralLike(node) ||
    ts.isRegularExpressionLiteral(node) ||
    ts.isTemplateHead(node) ||
    ts.isTemplateMiddle(node) ||
    ts.isTemplateTail(node) ||
    ts.isJsxText(node)
  );
}

/** Returns the name `it` for `it(…)`, `it.only(…)` and `it.each(…)(…)`. @param {ts.Expression} callee @returns {string} */
function nameOfCallee(callee) {
  if (ts.isIdentifier(callee)) return callee.text;
  if (ts.isPropertyAccessExpression(callee)) return callee.name.text === 'each' ? '' : nameOfCallee(callee.expression);
  if (ts.isCallExpression(callee) && ts.isPropertyAccessExpression(callee.expression)) return nameOfCallee(callee.expression.expression);
  if (ts.isTaggedTemplateExpression(callee) && ts.isPropertyAccessExpression(callee.tag)) return nameOfCallee(callee.tag.expression);
  return '';
}

/** @param {ts.Node} node @returns {string} the text of a literal; a placeholder stands as `…` */
function textOf(node) {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) return node.head.text + node.templateSpans.map((span) => `…${span.literal.text}`).join('');
  return '';
}

/** @param {string[]} characters @param {number} from @param {number} to */
function blank(characters, from, to) {
  for (let at = from; at < to; at++) if (characters[at] !== '\n') characters[at] = ' ';
}
