import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../process/paths.mjs';

const run = promisify(execFile);
const FOLDER = join(ROOT, 'clients/csharp');

/** The programs for the tests of the C# client. Each program lists its sources, which are added to those of the client. */
const PROGRAMS = {
  ConformanceClient: ['Tools/ConformanceClient.cs', 'Tools/Json.cs'],
  VectorTests: ['Tools/VectorTests.cs', 'Tools/Json.cs'],
  TicTacToe: ['Examples/TicTacToe.cs', 'Examples/Arguments.cs', 'Tools/Json.cs'],
  ArenaPilot: ['Examples/ArenaPilot.cs', 'Examples/Arguments.cs', 'Tools/Json.cs'],
};

/** Options for all compilations: the oldest version of C# that the client supports, and each warning is an error. */
const STRICT = ['-langversion:7.2', '-warn:4', '-warnaserror'];

/**
 * Compiles the C# client into each of its programs, without warnings.
 *
 * @param {import('./find-mono.mjs').Mono} mono
 * @param {string} output the folder for the programs
 * @returns {Promise<Record<keyof typeof PROGRAMS, string>>} the path of each program
 */
export async function compileCsharp({ compiler, env }, output) {
  const client = await sourcesOf('Holdfast');
  const [program = '', ...first] = compiler;
  const paths = /** @type {Record<keyof typeof PROGRAMS, string>} */ ({});
  for (const [name, sources] of Object.entries(PROGRAMS)) {
    const path = join(output, `${name}.exe`);
    await run(program, [...first, ...STRICT, `-out:${path}`, ...client, ...sources], { cwd: FOLDER, env });
    paths[/** @type {keyof typeof PROGRAMS} */ (name)] = path;
  }
  return paths;
}

/**
 * Compiles a library that uses nothing but netstandard2.0: Mono's own libraries are not referenced. Rejects with the errors of the compiler
 * when the sources need more.
 *
 * @param {import('./find-mono.mjs').Mono} mono
 * @param {readonly string[]} sources
 * @param {string} output the folder for the library
 * @returns {Promise<string>} the path of the library
 */
export async function compileForNetstandard({ compiler, env }, sources, output) {
  const [program = '', ...first] = compiler;
  const reference = join(output, 'netstandard.dll');
  if (!existsSync(reference)) await compileReference({ compiler, env }, reference);
  const path = join(output, 'Library.dll');
  const options = ['-target:library', '-nostdlib', '-noconfig', `-r:${reference}`, `-out:${path}`];
  await run(program, [...first, ...STRICT, ...options, ...sources], { cwd: FOLDER, env });
  return path;
}

/** Returns the sources of the client, from its folder. @returns {Promise<string[]>} */
export function clientSources() {
  return sourcesOf('Holdfast');
}

/**
 * Compiles the reference of netstandard2.0: all of its types and members, without code. The archive has the sources of the tag v2.0.3 of
 * github.com/dotnet/standard (`netstandard/ref`), and their license.
 *
 * @param {Pick<import('./find-mono.mjs').Mono, 'compiler' | 'env'>} mono
 * @param {string} path
 */
async function compileReference({ compiler: [program = '', ...first], env }, path) {
  const folder = `${path}.sources`;
  await mkdir(folder);
  await run('tar', ['-xzf', join(ROOT, 'tools/languages/netstandard-2.0.3.tgz'), '-C', folder]);
  const sources = join(folder, 'netstandard/ref/*.cs');
  await run(program, [...first, '-target:library', '-unsafe', '-nostdlib', '-noconfig', '-warn:0', `-out:${path}`, sources], { env });
}

/** @param {string} folder in the folder of the client */
async function sourcesOf(folder) {
  return (await readdir(join(FOLDER, folder))).filter((name) => name.endsWith('.cs')).map((name) => join(folder, name));
}
