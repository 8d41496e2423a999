import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { DIST, HOLDFAST_DIR, ROOT } from '../../tools/process/paths.mjs';
import type { FleetServer } from '../../tools/testing/fleet-server.js';
import { TestFleet } from '../../tools/testing/test-fleet.js';

/** The servers of docs/packages.md, with the games of all pages. */
const ENTRIES = {
  gateway: `import './docs/packages/gateway.ts';`,
  lobby: `import './docs/packages/lobby.ts';`,
  game: `import './test/harness/example-games.ts';`,
};

/** A fleet whose servers are the examples of the documentation. */
export interface ExampleFleet {
  readonly fleet: TestFleet;
  /** The WebSocket URL of a gateway. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Builds the servers into a separate project, with a page, and starts them there. */
export async function startExampleFleet(): Promise<ExampleFleet> {
  const cwd = join(HOLDFAST_DIR, 'test-examples', String(process.pid));
  await mkdir(join(cwd, 'dist/page'), { recursive: true });
  await writeFile(join(cwd, 'dist/page/index.html'), '<title>Example</title>');
  await Promise.all(Object.entries(ENTRIES).map(([name, contents]) => buildServer(contents, join(cwd, `dist/${name}.js`))));
  const fleet = await TestFleet.start({ cwd, games: 2, partitions: false });
  return {
    fleet,
    url: (fleet.gateways[0] as FleetServer).publicUrl,
    stop: async () => {
      await fleet.stop();
      await rm(cwd, { recursive: true, force: true });
    },
  };
}

/** Bundles a server that imports the libraries in dist/, which have their own copy of Nest. */
export async function buildServer(contents: string, outfile: string): Promise<void> {
  await build({
    stdin: { contents, resolveDir: ROOT, loader: 'ts' },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['#libs/*', 'zod', 'pg'],
    plugins: [librariesOfDist],
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
    logLevel: 'error',
  });
}

/** Lets a bundle import the packages and Nest from dist/. */
const librariesOfDist: Plugin = {
  name: 'libraries-of-dist',
  setup({ onResolve }) {
    onResolve({ filter: /^@holdfast\// }, ({ path }) => ({ path: libraryOf(path), external: true }));
    onResolve({ filter: /^@nestjs\/common$/ }, () => ({ path: join(DIST, 'node_modules/@nestjs/common/index.js'), external: true }));
  },
};

function libraryOf(name: string): string {
  if (name === '@holdfast/server/ports') return join(DIST, 'libs/server-kit/src/ports.js');
  return name === '@holdfast/server' ? '#libs/server-kit' : name.replace('@holdfast/', '#libs/');
}
