import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from '../build/build.mjs';
import { DIST, ROOT } from '../process/paths.mjs';
import { withTable } from './between-marks.mjs';

// `npm run docs:settings`: writes the table of all settings where a page asks for it, from the one definition there is.
await build();
const { settingsTable } = await import(pathToFileURL(join(DIST, 'libs/settings/src/index.js')).href);
for (const page of ['README.md', 'docs/operations.md'].map((path) => join(ROOT, path))) {
  if (!existsSync(page)) continue;
  const text = await readFile(page, 'utf8');
  const next = withTable(text, settingsTable());
  if (next === null) continue;
  if (next !== text) await writeFile(page, next);
  console.log(`${relative(ROOT, page)} ${next === text ? 'is current' : 'was written'}`);
}
