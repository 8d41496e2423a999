import ts from 'typescript';

/**
 * @typedef {{ name: string, line: number }} Named
 * @typedef {Named & { level: string, errorAsText: boolean }} LogCall
 */

const LEVELS = new Set(['debug', 'info', 'life', 'warn', 'error']);
/** Matches an expression whose value is a `Log`, such as `this.log` or `log`. */
const LOGS = new Set(['log']);

/**
 * Pure: returns the types that a file declares and exports, and its log calls with a literal event name. Types are classes, interfaces,
 * aliases and enums. An export under another name, `export { A as B }`, counts as well.
 *
 * @param {string} path @param {string} code
 * @returns {{ types: Named[], logCalls: LogCall[] }}
 */
export function declarationsOf(path, code) {
  const file = ts.createSourceFile(path, code, ts.ScriptTarget.Latest, true);
  const lineOf = (/** @type {ts.Node} */ node) => file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
  /** @type {Map<string, Named>} */
  const types = new Map();
  const declared = new Set(file.statements.flatMap((node) => (isType(node) && node.name ? [node.name.text] : [])));
  /** @type {LogCall[]} */
  const logCalls = [];
  const visit = (/** @type {ts.Node} */ node) => {
    if (isType(node) && node.name && isExported(node)) types.set(node.name.text, { name: node.name.text, line: lineOf(node.name) });
    if (ts.isExportSpecifier(node) && makesName(node, declared))
      types.set(node.name.text, { name: node.name.text, line: lineOf(node.name) });
    if (ts.isCallExpression(node) && isLogCall(node)) {
      const [event, fields] = node.arguments;
      if (event && ts.isStringLiteralLike(event)) {
        const level = /** @type {ts.PropertyAccessExpression} */ (node.expression).name.text;
        logCalls.push({ name: event.text, line: lineOf(event), level, errorAsText: hasErrorAsText(fields) });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return { types: [...types.values()], logCalls };
}

/** @param {ts.Node} node */
function isType(node) {
  return ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) || ts.isEnumDeclaration(node);
}

/** @param {ts.Node} node */
function isExported(node) {
  return ts.canHaveModifiers(node) && !!ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
}

/**
 * Returns whether an export gives a type its public name: a type of this file, or a type of another file under a new name. A value of
 * another file also counts as a type, unless its name begins with a lower-case letter or is all upper case.
 *
 * @param {ts.ExportSpecifier} specifier @param {ReadonlySet<string>} declared
 */
function makesName({ name, propertyName, parent }, declared) {
  const isOfOtherFile = parent.parent.moduleSpecifier !== undefined;
  if (!isOfOtherFile) return declared.has((propertyName ?? name).text);
  return propertyName !== undefined && propertyName.text !== name.text && /^[A-Z]/.test(name.text) && !/^[A-Z_\d]+$/.test(name.text);
}

/** @param {ts.CallExpression} call */
function isLogCall({ expression }) {
  if (!ts.isPropertyAccessExpression(expression) || !LEVELS.has(expression.name.text)) return false;
  const receiver = expression.expression;
  const name = ts.isPropertyAccessExpression(receiver) ? receiver.name.text : ts.isIdentifier(receiver) ? receiver.text : '';
  return LOGS.has(name);
}

/**
 * Returns whether a call logs an error as text, such as `{ error: String(error) }`. `Log` serializes errors in one form.
 *
 * @param {ts.Expression | undefined} fields
 */
function hasErrorAsText(fields) {
  if (!fields || !ts.isObjectLiteralExpression(fields)) return false;
  return fields.properties.some(
    (property) =>
      ts.isPropertyAssignment(property) &&
      property.name.getText() === 'error' &&
      /^String\(|\.message$/.test(property.initializer.getText()),
  );
}
