import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { filesUnder } from '../build/build.mjs';
import { DIST, ROOT } from '../process/paths.mjs';

/** The folder with the declarations of all libraries that servers and games use, as `libs/NAME/src/FILE.d.ts`. */
export const DECLARATIONS_FOLDER = join(DIST, '.declarations');

const PROJECT = join(ROOT, 'tools/packages/declarations.json');

/** @type {import('../build/build.mjs').Part} */
export const DECLARATIONS = {
  name: 'declarations',
  settings: ['package-lock.json', 'tsconfig.json', 'tools/packages/declarations.json'].map((file) => join(ROOT, file)),
  sources: async () => (await filesUnder(join(ROOT, 'libs'))).filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts')),
  build: async () => {
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
    await promisify(execFile)(process.execPath, [compiler, '-p', PROJECT, '--outDir', DECLARATIONS_FOLDER]).catch(({ stdout, message }) => {
      throw new Error(`The declarations of the libraries have errors:\n${stdout || message}`);
    });
  },
};
