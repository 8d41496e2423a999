import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from '../build/build.mjs';
import { install } from '../install/install.mjs';
import { DIST, ROOT } from '../process/paths.mjs';
import { withTable } from './between-marks.mjs';
import { FIRST_SETTINGS, schemaFile, settingsPage, settingsTable } from './settings-page.mjs';

/** Writes docs/settings.md, docs/settings.schema.json and the short table of README.md from the definitions in libs/settings. */
export async function main() {
  await install();
  await build();
  const { SETTINGS, configurationSchema } = await import(pathToFileURL(join(DIST, 'libs/settings/src/index.js')).href);
  const readme = await read('README.md');
  const withShortTable = withTable(readme, settingsTable(SETTINGS, FIRST_SETTINGS));
  if (withShortTable === null) throw new Error('README.md has no marks for the table of settings (tools/docs/between-marks.mjs)');
  await update('README.md', readme, withShortTable);
  await update('docs/settings.md', await read('docs/settings.md'), settingsPage(SETTINGS));
  await update('docs/settings.schema.json', await read('docs/settings.schema.json'), schemaFile(configurationSchema()));
}

/** @param {string} page @returns {Promise<string>} an empty text when the page does not exist */
async function read(page) {
  return readFile(join(ROOT, page), 'utf8').catch(() => '');
}

/** @param {string} page @param {string} before @param {string} after */
async function update(page, before, after) {
  if (before !== after) await writeFile(join(ROOT, page), after);
  console.log(`${page} ${before === after ? 'is current' : 'was written'}`);
}
