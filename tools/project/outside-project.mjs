import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { IncrementalCompiler } from '../build/incremental-compiler.mjs';
import { CONFIG_FILE } from '../process/paths.mjs';
import { PlainError } from '../process/plain-error.mjs';
import { readConfig } from './config.mjs';
import { folderTranslator } from './folder-translator.mjs';
import { typeScriptTranslator } from './typescript-translator.mjs';

/**
 * Returns a project outside of this repository. Its configuration is in `holdfast.config.json`.
 *
 * @param {string} root
 * @returns {import('./project.mjs').Project}
 */
export function outsideProject(root) {
  const { entries, watch, tsconfig } = readConfig(root);
  const tsconfigFile = tsconfig === null ? null : join(root, tsconfig);
  const files = { gateway: join(root, entries.gateway), lobby: join(root, entries.lobby), game: join(root, entries.game) };
  const folders = watch.map((folder) => resolve(root, folder));
  /** @type {IncrementalCompiler | undefined} */
  let compiler;
  const open = async () => {
    compiler ??= new IncrementalCompiler(
      tsconfigFile === null ? folderTranslator(folders) : typeScriptTranslator(await typeScriptOf(root), tsconfigFile),
    );
    return compiler;
  };
  return {
    root,
    isRepository: false,
    entries: files,
    watch: folders.filter((folder) => existsSync(folder)),
    settings: [join(root, CONFIG_FILE), ...(tsconfigFile === null ? [] : [tsconfigFile])],
    typeCheck: tsconfigFile === null ? null : { script: scriptOf(root), tsconfig: tsconfigFile },
    async prepare(step) {
      if (tsconfigFile !== null) {
        await step('build', async (say) => {
          await (await open()).update();
          say(`built with ${relative(root, tsconfigFile)}`);
        });
      }
      assertEntries(root, entries);
    },
    async follow() {
      await (await open()).adopt();
    },
    hasEdits: async () => (await open()).hasEdits(),
    compile: async () => (await open()).update(),
    buildPages: async () => [],
  };
}

/** @param {string} root @param {import('./config.mjs').ProjectConfig['entries']} entries */
function assertEntries(root, entries) {
  for (const [type, entry] of Object.entries(entries)) {
    if (existsSync(join(root, entry))) continue;
    throw new PlainError(
      `The entry of the ${type}, ${entry}, does not exist in ${root}. Create its source, or name another file as entries.${type} in ${CONFIG_FILE}.`,
    );
  }
}

/** @param {string} root @returns {Promise<typeof import('typescript')>} */
async function typeScriptOf(root) {
  const { default: typescript } = await import(pathToFileURL(resolvedIn(root, 'typescript')).href);
  return typescript;
}

/** @param {string} root */
function scriptOf(root) {
  return join(resolvedIn(root, 'typescript/package.json'), '../bin/tsc');
}

/** @param {string} root @param {string} name */
function resolvedIn(root, name) {
  try {
    return createRequire(join(root, 'package.json')).resolve(name);
  } catch {
    throw new PlainError(
      `The project in ${root} has a TypeScript configuration, but typescript is not installed there. Run npm install --save-dev typescript, or set "tsconfig": null in ${CONFIG_FILE} when something else compiles it.`,
    );
  }
}
