import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type * as Client from '#libs/client/node';
import type { ServerType } from '#libs/protocol';
import { ROOT } from '../../tools/process/paths.mjs';
import { lastRelease } from '../../tools/release/kept-packages.mjs';

const run = promisify(execFile);

/** The packages that the servers and a client need. */
const PACKAGES = ['@holdfast/client', '@holdfast/game-kit', '@holdfast/server'];

const FILES: Readonly<Record<string, string>> = {
  'package.json': JSON.stringify({ private: true, type: 'module', imports: { '#libs/game-kit': '@holdfast/game-kit' } }),
  'gateway.mjs': "import { startGateway } from '@holdfast/server';\nawait startGateway();\n",
  'lobby.mjs': "import { startLobby } from '@holdfast/server';\nawait startLobby();\n",
  'game.mjs':
    "import 'reflect-metadata';\nimport { startGameServer } from '@holdfast/server';\nimport { LedgerModule } from './ledger.mjs';\nawait startGameServer({ games: LedgerModule });\n",
  'nest.mjs': "export { Injectable, Module } from '@nestjs/common';\n",
};

/**
 * A project outside of this repository with the packages of the last release, as `releases/` stores them: servers with the game `ledger`,
 * and the client.
 */
export interface LastRelease {
  readonly version: string;
  /** Returns the file that starts a server of this release. */
  entryOf(type: ServerType): string;
  readonly client: typeof Client;
}

/**
 * Unpacks the packages of the last release, which `releases/` stores, into `home`. Other packages, such as Nest, are those of this
 * repository. `test/outside` installs the packages with a package manager.
 */
export async function unpackLastRelease(home: string): Promise<LastRelease> {
  const { version, archives } = await lastRelease();
  const modules = join(home, 'node_modules');
  await mkdir(join(modules, '@holdfast'), { recursive: true });
  const others = (await readdir(join(ROOT, 'node_modules'))).filter((name) => !name.startsWith('.'));
  await Promise.all([
    ...others.map((name) => symlink(join(ROOT, 'node_modules', name), join(modules, name))),
    ...PACKAGES.map(async (name) => {
      await mkdir(join(modules, name));
      await run('tar', ['-xzf', archives.get(name) as string, '-C', join(modules, name), '--strip-components=1']);
    }),
    ...Object.entries(FILES).map(([file, content]) => writeFile(join(home, file), content)),
    cp(join(ROOT, 'test/harness/ledger.mjs'), join(home, 'ledger.mjs')),
  ]);
  return {
    version,
    entryOf: (type) => join(home, `${type}.mjs`),
    client: require(join(modules, '@holdfast/client/node.js')) as typeof Client,
  };
}
