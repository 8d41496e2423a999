import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from '../build/build.mjs';
import { install } from '../install/install.mjs';
import { DIST, ROOT } from '../process/paths.mjs';
import { HELP_TEXTS, helpTextOf } from './help-texts.mjs';

/** Writes the help texts of all tools with commander. */
export async function main() {
  await install();
  await build();
  for (const { file, module } of HELP_TEXTS) {
    const { newCommand } = await import(pathToFileURL(join(DIST, `${module}.js`)).href);
    await writeFile(join(ROOT, file), helpTextOf(newCommand()));
    console.log(`${file} was written`);
  }
}
