import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DIST } from '../process/paths.mjs';
import { PlainError } from '../process/plain-error.mjs';
import { describe, problemsOfLinks } from '../prose/check.mjs';
import { writeReference } from './reference.mjs';
import { problemsOfSite } from './site-links.mjs';

export const SITE = join(DIST, 'site');

/**
 * Builds the site into dist/site.
 *
 * @throws {PlainError} when the target of a link does not exist, in a page of the repository or on the built site, or when a public
 *   declaration has no docstring
 */
export async function buildSite(outDir = SITE) {
  refuse(problemsOfLinks().map(describe), 'links lead nowhere. Correct them.');
  refuse(await writeReference(), 'mistakes in docstrings. Write the docstring, or correct it.');
  const { build } = await import('vitepress');
  await build(fileURLToPath(new URL('.', import.meta.url)), { outDir });
  refuse(await problemsOfSite(outDir), 'links lead nowhere. Correct them.');
  return outDir;
}

/** @param {string[]} problems @param {string} summary */
function refuse(problems, summary) {
  if (problems.length > 0) throw new PlainError(`${problems.join('\n')}\n${problems.length} ${summary}`);
}
