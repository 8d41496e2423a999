import { PlainError } from '../process/plain-error.mjs';

/** The suffix of a version that is not released yet. */
const DEVELOPMENT = '-dev';
const RELEASED = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/;

/**
 * Pure: returns the version to release and the version in development after it.
 *
 * @param {string} current the version of package.json
 * @param {{ version?: string, next?: string }} wanted
 * @returns {{ version: string, development: string }}
 * @throws {PlainError} when a version has another form, or the order of the versions is wrong
 */
export function planVersions(current, { version = current.replace(DEVELOPMENT, ''), next }) {
  const released = parse('VERSION', version);
  const base = parse('the version of package.json', current.replace(DEVELOPMENT, ''));
  if (compare(released, base) < 0)
    throw new PlainError(`VERSION is ${version}: it must not be below ${base.join('.')}, which is in development.`);
  const following = next === undefined ? [released[0], released[1] + 1, 0] : parse('--next', next);
  if (compare(following, released) <= 0) throw new PlainError(`--next is ${next}: it must be above ${version}, which is released now.`);
  return { version, development: `${following.join('.')}${DEVELOPMENT}` };
}

/** @param {string} name @param {string} text @returns {number[]} */
function parse(name, text) {
  const parts = RELEASED.exec(text);
  if (!parts) throw new PlainError(`${name} is ${text}: it must be three numbers with dots, such as 0.3.0.`);
  return parts.slice(1).map(Number);
}

/** @param {readonly number[]} a @param {readonly number[]} b */
function compare(a, b) {
  const at = a.findIndex((part, index) => part !== b[index]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}
