import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../process/paths.mjs';
import { mainOf } from './launch-server.mjs';

// `npm run start:game`: one server in this very process, so that signals reach it; all it is told is its environment.
const type = process.argv[2];
if (!['gateway', 'lobby', 'game'].includes(type)) {
  console.error('Which server? npm run start:gateway, start:lobby or start:game.');
  process.exit(1);
}
// In a container there is dist/ and no source: nothing to build, nothing to build with.
if (existsSync(join(ROOT, 'apps', type, 'src/main.ts'))) {
  const { install } = await import('../install/install.mjs');
  const { build } = await import('../build/build.mjs');
  await install({ log: console.error });
  await build({ log: console.error });
}
await import(pathToFileURL(mainOf(type)).href);
