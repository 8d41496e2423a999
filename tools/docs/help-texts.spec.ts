import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HELP_TEXTS, helpTextOf } from './help-texts.mjs';

const ROOT = join(__dirname, '../..');

it.each(HELP_TEXTS)('the file $file equals the help of its tool (`npm run docs:help` writes the file)', async ({ file, module }) => {
  const { newCommand } = await import(join(ROOT, `${module}.ts`));
  expect(readFileSync(join(ROOT, file), 'utf8')).toBe(helpTextOf(newCommand()));
});
