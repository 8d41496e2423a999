import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONFIG_FILE } from '../process/paths.mjs';
import { PlainError } from '../process/plain-error.mjs';

/**
 * The content of `holdfast.config.json`. Paths are relative to its folder.
 *
 * @typedef {object} ProjectConfig
 * @property {{ gateway: string, lobby: string, game: string }} entries the JavaScript file that starts each type of server
 * @property {string[]} watch folders whose changes `holdfast dev` follows
 * @property {string | null} tsconfig the TypeScript configuration with which the project is compiled; null: nothing is compiled
 */

/** @type {Readonly<ProjectConfig['entries']>} */
const ENTRIES = { gateway: 'dist/gateway.js', lobby: 'dist/lobby.js', game: 'dist/game.js' };
const WATCH = ['src'];
const TSCONFIG = 'tsconfig.json';
const KEYS = ['$schema', 'entries', 'watch', 'tsconfig'];

/**
 * Reads the configuration of a project. Without the file, all defaults apply.
 *
 * @param {string} root
 * @returns {ProjectConfig}
 * @throws {PlainError} with every problem of the file
 */
export function readConfig(root) {
  const file = join(root, CONFIG_FILE);
  /** @type {unknown} */
  let written = {};
  if (existsSync(file)) {
    try {
      written = JSON.parse(readFileSync(file, 'utf8'));
    } catch (error) {
      throw new PlainError(`${file} is not valid JSON: ${/** @type {Error} */ (error).message}`);
    }
  }
  const read = checkConfig(written, existsSync(join(root, TSCONFIG)));
  if ('problems' in read) throw new PlainError([`${file} is wrong:`, ...read.problems.map((problem) => `  ${problem}`)].join('\n'));
  return read.config;
}

/**
 * Checks a configuration and adds the defaults. Pure.
 *
 * @param {unknown} written @param {boolean} hasTsconfig whether the project has a tsconfig.json, which is then the default
 * @returns {{ config: ProjectConfig } | { problems: string[] }}
 */
export function checkConfig(written, hasTsconfig) {
  if (!isObject(written))
    return { problems: [`It is ${shown(written)}: it must be an object such as { "entries": { "game": "dist/game.js" } }.`] };
  /** @type {string[]} */
  const problems = [];
  unknownKeys(written, KEYS, '', problems);
  const { entries = {}, watch = WATCH, tsconfig = hasTsconfig ? TSCONFIG : null } = written;
  if (!isObject(entries)) problems.push(`entries is ${shown(entries)}: it must be an object with the files of gateway, lobby and game.`);
  else {
    unknownKeys(entries, Object.keys(ENTRIES), 'entries.', problems);
    for (const [type, entry] of Object.entries(entries))
      if (type in ENTRIES && !isPath(entry)) problems.push(`entries.${type} is ${shown(entry)}: it must be the path of a JavaScript file.`);
  }
  if (!Array.isArray(watch) || !watch.every(isPath))
    problems.push(`watch is ${shown(watch)}: it must be a list of folders, such as ["src"].`);
  if (tsconfig !== null && !isPath(tsconfig))
    problems.push(`tsconfig is ${shown(tsconfig)}: it must be the path of a tsconfig.json, or null to compile nothing.`);
  if (problems.length > 0) return { problems };
  return {
    config: {
      entries: { ...ENTRIES, .../** @type {object} */ (entries) },
      watch: /** @type {string[]} */ (watch),
      tsconfig: /** @type {string | null} */ (tsconfig),
    },
  };
}

/** @param {object} given @param {readonly string[]} known @param {string} prefix @param {string[]} problems */
function unknownKeys(given, known, prefix, problems) {
  for (const key of Object.keys(given)) {
    if (!known.includes(key))
      problems.push(`${prefix}${key} is not known: allowed are ${known.filter((name) => name !== '$schema').join(', ')}.`);
  }
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @param {unknown} value */
function isPath(value) {
  return typeof value === 'string' && value !== '';
}

/** @param {unknown} value */
function shown(value) {
  return JSON.stringify(value)?.slice(0, 100) ?? String(value);
}
