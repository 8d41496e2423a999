import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DIST, ROOT } from '../process/paths.mjs';

/**
 * The built client. It has the layout of a package: `exports` with an entry for every platform, one with the decoder of compact syncs, one
 * for Node, and one for games that move.
 */
export const CLIENT_FOLDER = join(DIST, 'client');

const SOURCES = join(ROOT, 'libs/client/src');
const ENTRIES = {
  index: join(SOURCES, 'index.ts'),
  chat: join(SOURCES, 'chat.ts'),
  compact: join(SOURCES, 'compact.ts'),
  lobby: join(SOURCES, 'lobby.ts'),
  node: join(SOURCES, 'node.ts'),
  realtime: join(SOURCES, 'realtime.ts'),
};

/**
 * Bundles the client and the code that it uses from `libs/protocol` and `libs/state-patch`, and its declarations. The result needs no
 * export conditions of this repository. The entries share files, so that an error of one is an instance of the other's `HoldfastError`.
 */
export async function buildClient() {
  const [{ rolldown }, { dts }] = await Promise.all([import('rolldown'), import('rolldown-plugin-dts')]);
  await rm(CLIENT_FOLDER, { recursive: true, force: true });
  const bundle = await rolldown({
    cwd: ROOT,
    input: ENTRIES,
    platform: 'neutral',
    resolve: { conditionNames: ['holdfast-source'] },
    transform: { target: 'es2022' },
    external: [/^node:/, 'ws'],
    plugins: [dts({ cwd: ROOT, tsconfig: join(ROOT, 'tsconfig.json') })],
  });
  await bundle.write({ dir: CLIENT_FOLDER, format: 'esm', chunkFileNames: 'shared-[hash].js' });
  await bundle.close();
  const entry = (/** @type {keyof typeof ENTRIES} */ name) => ({ types: `./${name}.d.ts`, default: `./${name}.js` });
  const [, ...others] = /** @type {(keyof typeof ENTRIES)[]} */ (Object.keys(ENTRIES));
  const exports = { '.': entry('index'), ...Object.fromEntries(others.map((name) => [`./${name}`, entry(name)])) };
  const description = { type: 'module', sideEffects: false, exports };
  await writeFile(join(CLIENT_FOLDER, 'package.json'), `${JSON.stringify(description, null, 2)}\n`);
}
