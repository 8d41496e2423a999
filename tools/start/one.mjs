import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../process/paths.mjs';
import { mainOf } from './launch-server.mjs';

// `npm run start:game`: one server in this process, so that it receives signals. Its only input is the environment.
const type = process.argv[2];
if (!['gateway', 'lobby', 'game'].includes(type)) {
  console.error('Name a server: npm run start:gateway, start:lobby or start:game.');
  process.exit(1);
}
// A container has dist/ and no sources, so there is nothing to build.
if (existsSync(join(ROOT, 'apps', type, 'src/main.ts'))) {
  const { install } = await import('../install/install.mjs');
  const { build } = await import('../build/build.mjs');
  await install({ log: console.error });
  await build({ log: console.error });
}
await import(pathToFileURL(mainOf(type)).href);
