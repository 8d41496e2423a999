import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../process/paths.mjs';
import { UsageError } from '../process/plain-error.mjs';
import { mainOf } from './launch-server.mjs';

/**
 * Runs one server in this process, so that signals reach the server directly. The settings come from the environment.
 *
 * @param {string[]} argv the type of the server
 */
export async function main([type, ...more]) {
  if (!['gateway', 'lobby', 'game'].includes(type))
    throw new UsageError('Name a server: npm run start:gateway, start:lobby or start:game.');
  if (more.length > 0)
    throw new UsageError(`${more.join(' ')}: a server takes no options. Set environment variables instead (docs/settings.md).`);
  // A container has dist/ and no sources, so there is nothing to build.
  if (existsSync(join(ROOT, 'apps', type, 'src/main.ts'))) {
    const { install } = await import('../install/install.mjs');
    const { build } = await import('../build/build.mjs');
    await install({ log: console.error });
    await build({ log: console.error });
  }
  await import(pathToFileURL(mainOf(type)).href);
}
