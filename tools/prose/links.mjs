/**
 * @typedef {{ line: number, target: string }} Link
 */

/** The folders of checked paths. A path in backticks, such as `docs/security.md`, is checked if it begins with one of them. */
const FOLDERS = 'apps|libs|games|docs|tools|test|bench|dashboard|\\.ci|\\.github';

/**
 * Pure: returns the relative targets of a page of Markdown, with their anchors: links, pictures and paths in backticks. Skips code blocks.
 *
 * @param {string} page
 * @returns {{ links: Link[], paths: Link[] }} `links` are relative to the page, `paths` to the repository
 */
export function targetsOf(page) {
  /** @type {Link[]} */
  const links = [];
  /** @type {Link[]} */
  const paths = [];
  let isCode = false;
  for (const [index, line] of page.split('\n').entries()) {
    if (/^\s*```/.test(line)) isCode = !isCode;
    if (isCode) continue;
    const text = line.replace(/`[^`]*`/g, (code) => ' '.repeat(code.length));
    for (const [, target] of text.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g)) links.push({ line: index + 1, target });
    for (const [, target] of line.matchAll(/\b(?:srcset|src|href)="([^"]+)"/g)) links.push({ line: index + 1, target });
    for (const [, target] of text.matchAll(/^\[[^\]]+\]:\s+(\S+)/g)) links.push({ line: index + 1, target });
    for (const [, target] of line.matchAll(pathPattern())) paths.push({ line: index + 1, target });
  }
  return { links: links.filter(({ target }) => !/^[a-z][a-z0-9+.-]*:|^\/\//i.test(target)), paths };
}

/** Pure: returns the paths in a comment that name a page: `docs/adr/0001-….md`. @param {string} comment @returns {string[]} */
export function pagesNamedIn(comment) {
  return [...comment.matchAll(/\b((?:docs|bench|libs)\/[\w./-]+\.md)\b/g)].map(([, path]) => path);
}

/** Pure: returns the anchors of a page, as GitHub makes them. @param {string} page @returns {Set<string>} */
export function anchorsOf(page) {
  const anchors = new Set();
  const counts = new Map();
  for (const [, heading] of page.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const anchor = githubSlug(heading.replace(/[`*]|\[([^\]]*)\]\([^)]*\)/g, '$1'));
    const count = counts.get(anchor) ?? 0;
    counts.set(anchor, count + 1);
    anchors.add(count === 0 ? anchor : `${anchor}-${count}`);
  }
  for (const [, id] of page.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id);
  return anchors;
}

/** Pure: returns the anchor that GitHub makes from the text of a heading. @param {string} text */
export function githubSlug(text) {
  return text
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
}

function pathPattern() {
  return new RegExp(`\`((?:${FOLDERS})/[\\w./@-]+)\``, 'g');
}
