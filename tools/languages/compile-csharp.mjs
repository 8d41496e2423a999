import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
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

/**
 * Compiles the C# client into each of its programs, without warnings.
 *
 * @param {import('./find-mono.mjs').Mono} mono
 * @param {string} output the folder for the programs
 * @returns {Promise<Record<keyof typeof PROGRAMS, string>>} the path of each program
 */
export async function compileCsharp({ compiler, env }, output) {
  const client = (await readdir(join(FOLDER, 'Holdfast'))).filter((name) => name.endsWith('.cs')).map((name) => join('Holdfast', name));
  const [program = '', ...first] = compiler;
  const paths = /** @type {Record<keyof typeof PROGRAMS, string>} */ ({});
  for (const [name, sources] of Object.entries(PROGRAMS)) {
    const path = join(output, `${name}.exe`);
    const options = ['-langversion:7.2', '-warn:4', '-warnaserror', `-out:${path}`];
    await run(program, [...first, ...options, ...client, ...sources], { cwd: FOLDER, env });
    paths[/** @type {keyof typeof PROGRAMS} */ (name)] = path;
  }
  return paths;
}
