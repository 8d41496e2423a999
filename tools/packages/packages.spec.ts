import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../process/paths.mjs';
import type { Manifest } from './manifests.mjs';

const run = promisify(execFile);
const NAMES = readdirSync(join(ROOT, 'packages'));
const root = manifestAt(ROOT) as Manifest & { version: string; devDependencies: Record<string, string> };
const versions: Readonly<Record<string, string>> = { ...root.dependencies, ...root.devDependencies };

/** Builds all packages in a separate process, because the build cannot run in Jest. */
beforeAll(() => run(process.execPath, [join(ROOT, 'tools/packages/run.mjs')]), 120_000);

describe.each(NAMES)('the package in packages/%s', (name) => {
  const source = manifestAt(join(ROOT, 'packages', name));
  const folder = join(ROOT, 'dist/packages', name);

  it('has the version of the repository, and depends on Holdfast packages of this version', () => {
    const built = manifestAt(folder) as Manifest & { version: string; holdfast?: unknown };
    expect(built.version).toBe(root.version);
    expect(built.holdfast).toBeUndefined();
    const own = Object.entries(built.dependencies ?? {}).filter(([to]) => to.startsWith('@holdfast/'));
    expect(own.filter(([, version]) => version !== root.version)).toEqual([]);
  });

  it('depends on the tested versions of third-party packages', () => {
    const others = Object.entries(source.dependencies ?? {}).filter(([to]) => !to.startsWith('@holdfast/'));
    expect(others.filter(([to, version]) => version !== versions[to])).toEqual([]);
    const peers = Object.entries(source.peerDependencies ?? {}).filter(([to]) => !to.startsWith('@holdfast/'));
    // A package may accept several major versions of a dependency. The tests of this repository use the latest of them.
    const isTested = ([to, range]: [string, string]) =>
      range === `^${versions[to]}` || range.endsWith(` || ^${versions[to].split('.')[0]}.0.0`);
    expect(peers.filter((peer) => !isTested(peer))).toEqual([]);
  });

  it('has a README, the license and the changelog', () => {
    expect(['README.md', 'LICENSE', 'CHANGELOG.md'].filter((file) => !existsSync(join(folder, file)))).toEqual([]);
  });

  it('imports only its own files and its dependencies', () => {
    const { dependencies = {}, peerDependencies = {}, holdfast } = source;
    const missing = filesOf(folder, /\.(js|d\.ts)$/).flatMap((file) =>
      importsOf(readFileSync(file, 'utf8'))
        .filter((specifier) => {
          if (specifier.startsWith('.')) {
            const target = join(file, '..', specifier);
            return !existsSync(file.endsWith('.d.ts') ? target.replace(/\.js$/, '.d.ts') : target);
          }
          const library = /^#libs\/([a-z-]+)$/.exec(specifier)?.[1];
          if (Object.keys(source.imports ?? {}).some((own) => specifier.startsWith(own.replace('*', '')) && own !== '#libs/*'))
            return false;
          if (library !== undefined) return !holdfast?.libraries?.includes(library);
          const needed = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
          return !isBuiltin(specifier) && !(needed in { ...dependencies, ...peerDependencies });
        })
        .map((specifier) => `${relative(folder, file)} imports ${specifier}`),
    );
    expect(missing).toEqual([]);
  });

  it('has a source map with the sources for each compiled file', () => {
    const compiled = filesOf(folder, /\.js$/).filter((file) => /^\/\/# sourceMappingURL=/m.test(readFileSync(file, 'utf8')));
    for (const file of compiled) {
      const { sources, sourcesContent } = JSON.parse(readFileSync(`${file}.map`, 'utf8')) as { sources: []; sourcesContent: string[] };
      expect(sourcesContent).toHaveLength(sources.length);
      expect(sourcesContent.every((content) => content.length > 0)).toBe(true);
    }
    if (source.exports) expect(compiled.length).toBeGreaterThan(0);
  });

  it('passes the checks of publint', async () => {
    // Ignores publint's advice not to ship tests, because the templates of projects contain tests on purpose.
    const level = existsSync(join(folder, 'templates')) ? ['--level', 'warning'] : [];
    const { stdout } = await run(process.execPath, [join(ROOT, 'node_modules/publint/src/cli.js'), folder, '--strict', ...level]);
    expect(stdout).toContain('All good!');
  }, 60_000);

  if (source.exports)
    it('has types for each of its entries, for programs with ES modules', async () => {
      const checker = join(ROOT, 'node_modules/@arethetypeswrong/cli/dist/index.js');
      const { stdout } = await run(process.execPath, [checker, '--pack', folder, '--profile', 'esm-only', '--no-color']);
      expect(stdout).toContain(`"${source.name}`);
    }, 60_000);
});

describe('the package @holdfast/server', () => {
  it('has the JSON Schema of settings at the path that docs/settings.md names', () => {
    const [, path] =
      /"\$schema": "\.\/node_modules\/@holdfast\/server\/(.+)"/.exec(readFileSync(join(ROOT, 'docs/settings.md'), 'utf8')) ?? [];
    const shipped = readFileSync(join(ROOT, 'dist/packages/server', path as string), 'utf8');
    expect(shipped).toBe(readFileSync(join(ROOT, 'docs/settings.schema.json'), 'utf8'));
  });
});

function manifestAt(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

function filesOf(folder: string, pattern: RegExp): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => pattern.test(file) && !file.includes('templates/'))
    .map((file) => join(folder, file));
}

function importsOf(code: string): string[] {
  const withoutComments = code.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const statements = [
    ...withoutComments.matchAll(/^\s*(?:import|export)\s[^'"`;]*?from\s+['"]([^'"]+)['"]|^\s*import\s+['"]([^'"]+)['"]/gm),
  ];
  const calls = [...withoutComments.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)];
  return [...statements.map(([, from, alone]) => from ?? alone), ...calls.map(([, specifier]) => specifier)];
}
