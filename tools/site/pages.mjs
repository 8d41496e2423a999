import { posix } from 'node:path';

/** The pages of the repository outside of docs/, each with its address on the site. @type {Readonly<Record<string, string>>} */
export const OTHER_PAGES = {
  'tools/site/index.md': 'index.md',
  'README.md': 'readme.md',
  'ARCHITECTURE.md': 'architecture.md',
  'CONTRIBUTING.md': 'contributing.md',
  'STYLE.md': 'style.md',
  'CHANGELOG.md': 'changelog.md',
  'bench/RESULTS.md': 'results.md',
  'conformance/README.md': 'conformance.md',
  'clients/python/README.md': 'clients/python.md',
  'clients/csharp/README.md': 'clients/csharp.md',
  'docs/README.md': 'documentation.md',
  'docs/adr/README.md': 'adr/index.md',
};

/**
 * Pure: returns the page of the site for a page of the repository.
 *
 * @param {string} path from the root of the repository @returns {string | null} null: the page is not on the site
 */
export function sitePageOf(path) {
  return OTHER_PAGES[path] ?? /^(?:docs|tools\/site)\/((?:reference\/)?.*\.md)$/.exec(path)?.[1] ?? null;
}

/**
 * Pure: converts a relative link in a page of the repository to a link of the site. The pages keep relative links, because GitHub needs
 * them.
 *
 * @param {string} href @param {string} page the page with the link, from the root of the repository
 * @returns {string | null} null: the link leads to a file that is not on the site
 */
export function siteLinkOf(href, page) {
  if (/^([a-z][a-z0-9+.-]*:|\/|#)/i.test(href)) return href;
  const [path, anchor] = decodeURI(href).split('#');
  const target = sitePageOf(posix.join(posix.dirname(page), path));
  if (target === null) return null;
  const address = `/${target.replace(/\.md$/, '.html').replace(/(^|\/)index\.html$/, '$1')}`;
  return anchor === undefined ? address : `${address}#${anchor}`;
}
