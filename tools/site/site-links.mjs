import { readdir, readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';

/**
 * Returns the links of a built site whose page, file or anchor does not exist, one sentence each.
 *
 * @param {string} folder @returns {Promise<string[]>}
 */
export async function problemsOfSite(folder) {
  const names = (await readdir(folder, { recursive: true })).map((name) => name.replaceAll('\\', '/'));
  const files = new Set(names);
  /** @type {Map<string, string>} */
  const pages = new Map();
  for (const name of names.filter((one) => one.endsWith('.html'))) pages.set(name, await readFile(join(folder, name), 'utf8'));
  const anchors = new Map([...pages].map(([name, html]) => [name, new Set([...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id))]));
  return [...pages].flatMap(([name, html]) => {
    const links = new Set([...html.matchAll(/<a\s[^>]*href="([^"]*)"/g)].map(([, href]) => href.replaceAll('&amp;', '&')));
    return [...links].flatMap((href) => {
      const target = targetOf(href, name);
      if (target === null) return [];
      if (!files.has(target.file)) return [`${name} links to ${href}, which is not on the site`];
      const isMissing = target.anchor !== '' && anchors.has(target.file) && !anchors.get(target.file)?.has(target.anchor);
      return isMissing ? [`${name} links to ${href}: ${target.file} has no such anchor`] : [];
    });
  });
}

/**
 * Pure: returns the file and the anchor of a link. Returns null when the link leads to another site.
 *
 * @param {string} href @param {string} page the page with the link
 */
export function targetOf(href, page) {
  if (/^([a-z][a-z0-9+.-]*:|\/\/)/i.test(href)) return null;
  const { pathname, hash } = new URL(href, `http://site/${page}`);
  const path = decodeURI(pathname).slice(1);
  const file = path === '' || path.endsWith('/') ? posix.join(path, 'index.html') : path;
  return { file: posix.extname(file) === '' ? `${file}.html` : file, anchor: decodeURIComponent(hash.slice(1)) };
}
