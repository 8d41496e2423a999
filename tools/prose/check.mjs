import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { ROOT } from '../process/paths.mjs';
import { declarationsOf } from './declarations.mjs';
import { anchorsOf, pagesNamedIn, targetsOf } from './links.mjs';
import { problemOfTestName, problemsOfComment } from './sentences.mjs';
import { commentsOfLua, textsOfScript } from './source-texts.mjs';

/** @typedef {{ path: string, line: number, problem: string }} Problem */

/** Folders that are not checked, and a generated file whose comments come from the admin API. */
const SKIPPED = new Set(['node_modules', 'dist', '.git', '.holdfast', 'coverage', 'npm', 'reference', 'schema.d.ts']);

/** Every folder with sources, except folders that contain only tests. */
const ALL_SOURCES = ['apps', 'bench', 'docs', 'games', 'libs', 'tools'];

/**
 * Returns the problems of comments, test names, exported types and log events in these folders.
 *
 * @param {readonly string[]} folders from the repository's root @returns {Problem[]}
 */
export function problemsOfSources(folders) {
  const files = sourcesUnder(folders);
  return [...files.flatMap(({ path, code }) => problemsOfFile(path, code)), ...problemsOfNames(files)];
}

/**
 * Finds exported types, and log events, that have the same name. Checks the whole code base, including folders that clean.mjs does not
 * list.
 *
 * @returns {Problem[]}
 */
export function problemsOfAllNames() {
  return problemsOfNames(sourcesUnder(ALL_SOURCES));
}

/**
 * Returns the problems of one file's comments and test names. Pure, except that it checks on the disk whether the pages exist that comments
 * name.
 *
 * @param {string} path @param {string} code @returns {Problem[]}
 */
export function problemsOfFile(path, code) {
  const { comments, testNames } = path.endsWith('.lua') ? { comments: commentsOfLua(code), testNames: [] } : textsOfScript(path, code);
  return [
    ...comments.flatMap(({ line, text }) => [
      ...problemsOfComment(text).map((found) => ({ path, line: line + found.line, problem: found.problem })),
      ...pagesNamedIn(text)
        .filter((page) => !existsSync(join(ROOT, page)))
        .map((page) => ({ path, line, problem: `names ${page}, which does not exist` })),
    ]),
    ...testNames.flatMap(({ line, text }) => {
      const problem = problemOfTestName(text);
      return problem ? [{ path, line, problem }] : [];
    }),
    ...problemsOfWidth(path, code),
  ];
}

/**
 * Maximum width of a line, in characters: the same as in biome.json. Biome itself does not wrap comments, so this check finds the lines
 * that are too wide.
 */
const WIDTH_MAX = 140;
/** Matches a line of a comment, except a line with a tag. Such a line may be wider, because a type in braces cannot be wrapped. */
const LINE_OF_COMMENT = /^\s*(\/\/|\*|\/\*\*) (?!.*@[a-z]+ \{)(?!@)/;

/**
 * Pure: finds lines of comments that are too wide.
 *
 * @param {string} path @param {string} code @returns {Problem[]}
 */
function problemsOfWidth(path, code) {
  return code.split('\n').flatMap((line, index) => {
    const isTooWide = line.length > WIDTH_MAX && LINE_OF_COMMENT.test(line);
    return isTooWide ? [{ path, line: index + 1, problem: `is a line of ${line.length} characters; wrap it at ${WIDTH_MAX}` }] : [];
  });
}

/**
 * Pure: finds exported types, and log events, with the same name in two files. `libs`, `apps` and `games` are shipped together, so a name
 * may have only one meaning in all of them. Each tool, `bench` and `docs` may use such a name in another meaning. Tests and fixtures are
 * not checked.
 *
 * @param {readonly { path: string, code: string }[]} files @returns {Problem[]}
 */
export function problemsOfNames(files) {
  const declared = files
    .filter(({ path }) => !path.endsWith('.lua') && !/\.(spec|fixture)\.ts$|(^|\/)test\//.test(path))
    .map(({ path, code }) => ({ path, ...declarationsOf(path, code) }));
  const types = declared.flatMap(({ path, types }) => types.map((type) => ({ path, ...type })));
  const events = declared.flatMap(({ path, logCalls }) => logCalls.map((call) => ({ path, ...call })));
  return [
    ...repeated(types).map(({ here, there }) => ({
      ...place(here),
      problem: `exports a type named ${here.name}, as ${there.path}:${there.line} does`,
    })),
    ...repeated(events).map(({ here, there }) => ({
      ...place(here),
      problem: `logs the event ${here.name}, as ${there.path}:${there.line} does: two facts need two names`,
    })),
    ...events
      .filter(({ errorAsText }) => errorAsText)
      .map((call) => ({ ...place(call), problem: `logs an error as text: pass the error itself, Log serializes it (${call.name})` })),
  ];
}

/** Finds relative links whose target does not exist, in all pages. @returns {Problem[]} */
export function problemsOfLinks() {
  const pages = filesUnder('.', /\.md$/);
  const texts = new Map(pages.map((path) => [path, readFileSync(join(ROOT, path), 'utf8')]));
  return pages.flatMap((path) => {
    const { links, paths } = targetsOf(/** @type {string} */ (texts.get(path)));
    return [
      ...links.flatMap(({ line, target }) => {
        const [file, anchor] = decodeURI(target).split('#');
        const to = file === '' ? path : join(dirname(path), file).split(sep).join('/');
        if (!existsSync(join(ROOT, to))) return [{ path, line, problem: `links to ${target}, which does not exist` }];
        const isMissing = anchor && to.endsWith('.md') && !anchorsOf(readFileSync(join(ROOT, to), 'utf8')).has(anchor);
        return isMissing ? [{ path, line, problem: `links to ${target}: ${to} has no such heading` }] : [];
      }),
      ...paths
        .filter(({ target }) => !existsSync(join(ROOT, target.replace(/[.,]$/, ''))))
        .map(({ line, target }) => ({ path, line, problem: `names ${target}, which does not exist` })),
    ];
  });
}

/** Returns a problem as `path:line: problem`. @param {Problem} problem */
export function describe({ path, line, problem }) {
  return `${path}:${line}: ${problem}`;
}

/** @template {{ path: string, name: string, line: number }} T @param {T[]} all @returns {{ here: T, there: T }[]} */
function repeated(all) {
  /** @type {Map<string, T>} */
  const first = new Map();
  return all.flatMap((here) => {
    const key = `${scopeOf(here.path)} ${here.name}`;
    const there = first.get(key);
    if (!there) first.set(key, here);
    return there && there.path !== here.path ? [{ here, there }] : [];
  });
}

/** @param {string} path */
function scopeOf(path) {
  return /^(tools\/[^/]+|bench|docs)\//.exec(path)?.[1] ?? 'shipped';
}

/** @param {{ path: string, line: number }} at */
function place({ path, line }) {
  return { path, line };
}

/** @param {readonly string[]} folders @returns {{ path: string, code: string }[]} */
function sourcesUnder(folders) {
  return folders
    .flatMap((folder) => filesUnder(folder, /\.(ts|tsx|mts|cts|mjs|cjs|js|lua)$/))
    .map((path) => ({ path, code: readFileSync(join(ROOT, path), 'utf8') }));
}

/** @param {string} folder a folder or a file @param {RegExp} pattern @returns {string[]} */
function filesUnder(folder, pattern) {
  const at = join(ROOT, folder);
  if (statSync(at).isFile()) return pattern.test(folder) ? [folder] : [];
  return readdirSync(at, { withFileTypes: true })
    .filter(({ name }) => !SKIPPED.has(name))
    .flatMap((entry) => {
      const path = relative(ROOT, join(at, entry.name)).split(sep).join('/');
      if (entry.isDirectory()) return filesUnder(path, pattern);
      return pattern.test(entry.name) ? [path] : [];
    });
}
