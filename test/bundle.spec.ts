import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const DIST = join(process.cwd(), 'dist');

/** Modules whose decorators need reflect-metadata. Each must work as the first import of a program. */
const MODULES = [
  ...['common', 'core', 'microservices', 'schedule', 'swagger'].map((name) => `node_modules/@nestjs/${name}/index.js`),
  ...['redis', 'health', 'room-host'].map((name) => `libs/${name}/src/index.js`),
];

describe('the built program', () => {
  it.each(MODULES)('starts when %s is imported first', async (path) => {
    const program = `await import('${pathToFileURL(join(DIST, path)).href}'); console.log(typeof Reflect.getOwnMetadata); process.exit()`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
    expect(stdout.trim()).toBe('function');
  });
});
