import { join } from 'node:path';
import { callOf } from '../command/names.mjs';
import { runCompiled } from '../command/run-compiled.mjs';
import { PROJECT } from '../process/paths.mjs';
import { openProject } from '../project/project.mjs';

/** Settings for which `holdfast start` generates a value when they are not set. */
const MADE = { LINK_SECRET: 'made by holdfast start', ADMIN_TOKEN: 'made by holdfast start', AUTH: 'guest' };

/** @param {string[]} argv */
export async function main(argv) {
  // Throws an error when holdfast.config.json is wrong.
  await openProject();
  const made = process.env.NODE_ENV === 'production' ? {} : MADE;
  return runCompiled('tools/config/src/main.js', argv, { call: callOf('config'), envFile: join(PROJECT, '.env'), made });
}
