import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';
import { githubSlug } from '../../prose/links.mjs';
import { OTHER_PAGES, siteLinkOf } from '../pages.mjs';
import { SIDEBAR } from '../sidebar.mjs';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** @param {string} text @param {string} link */
const page = (text, link) => ({ text, link });

export default defineConfig({
  title: 'Holdfast',
  description: 'A backend for multiplayer games whose games outlive their servers.',
  lang: 'en',
  srcDir: ROOT,
  outDir: join(ROOT, 'dist/site'),
  cacheDir: join(ROOT, '.holdfast/site-cache'),
  srcExclude: [
    '{.holdfast,.git,.github,.ci,apps,dashboard,dist,games,libs,packages,releases,test,coverage}/**',
    '{bench,clients,conformance}/**/!(README|RESULTS|index).md',
    'bench/**/README.md',
    'tools/!(site)/**',
    '**/node_modules/**',
  ],
  rewrites: {
    ...OTHER_PAGES,
    'docs/:rest*': ':rest*',
    'tools/site/reference/:rest*': 'reference/:rest*',
  },
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: '/icon.svg' }]],
  vite: { publicDir: fileURLToPath(new URL('../public', import.meta.url)), logLevel: 'warn' },
  markdown: {
    anchor: { slugify: githubSlug },
    languageAlias: { hex: 'txt', patch: 'json' },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark' },
    config(markdown) {
      markdown.core.ruler.push('site-links', ({ tokens, env }) => {
        for (const { children } of tokens) linkToSite(children ?? [], relative(ROOT, env.realPath ?? env.path));
        dropEmptyHeaders(tokens);
        fenceIndentedCode(tokens);
      });
    },
  },
  themeConfig: {
    logo: { src: '/icon.svg', alt: '' },
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      page('Learn', '/getting-started'),
      page('Guides', '/writing-a-game'),
      page('Reference', '/reference/'),
      page('Operations', '/operations'),
      page('Protocol', '/protocol'),
      page('Decisions', '/adr/'),
    ],
    sidebar: SIDEBAR,
  },
});

/**
 * Turns empty header cells into ordinary cells, because a screen reader would announce a header without a name.
 *
 * @param {import('markdown-it').Token[]} tokens
 */
function dropEmptyHeaders(tokens) {
  for (const [index, token] of tokens.entries()) {
    if (token.type !== 'th_open' || tokens[index + 1].content !== '') continue;
    token.tag = 'td';
    tokens[index + 2].tag = 'td';
  }
}

/**
 * Turns indented code blocks into fenced ones, because VitePress makes only fenced blocks scrollable by keyboard.
 *
 * @param {import('markdown-it').Token[]} tokens
 */
function fenceIndentedCode(tokens) {
  for (const token of tokens.filter(({ type }) => type === 'code_block'))
    Object.assign(token, { type: 'fence', markup: '```', info: 'txt' });
}

/**
 * Turns the relative links of a page into links of the site. A link to a file that is not on the site becomes plain text.
 *
 * @param {import('markdown-it').Token[]} tokens the tokens of one block @param {string} page its path from the root of the repository
 */
function linkToSite(tokens, page) {
  let isUnlinked = false;
  for (const token of tokens) {
    if (token.type === 'link_open') {
      const link = siteLinkOf(token.attrGet('href') ?? '', page);
      isUnlinked = link === null;
      if (link !== null) token.attrSet('href', link);
    }
    if (!isUnlinked || !token.type.startsWith('link_')) continue;
    token.type = token.type.replace('link', 'plain');
    token.tag = 'span';
    token.attrs = null;
    if (token.nesting === -1) isUnlinked = false;
  }
}
