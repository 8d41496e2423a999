import { readFile, writeFile } from 'node:fs/promises';
import { build, SERVERS } from '../build/build.mjs';
import { install } from '../install/install.mjs';

export async function main() {
  await install();
  await build({ parts: [SERVERS] });
  const { API_TYPES_FILE, compiledDescription, typesOf } = await import('./api-types.mjs');
  const before = await readFile(API_TYPES_FILE, 'utf8').catch(() => '');
  const types = await typesOf(await compiledDescription());
  if (types !== before) await writeFile(API_TYPES_FILE, types);
  console.log(`dashboard/src/api/schema.d.ts ${types === before ? 'is current' : 'was written'}`);
}
