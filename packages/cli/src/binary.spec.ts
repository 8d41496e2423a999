import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { asBinary } from '../../../tools/command/names.mjs';
import { COMMANDS } from './commands.mjs';

const run = promisify(execFile);
const ROOT = join(__dirname, '../../..');
const BINARY = join(__dirname, 'holdfast.mjs');

/** A loader of modules that refuses packages. */
const NO_PACKAGES = `export function resolve(name, context, next) {
  if (!/^(node:|[.]|file:)/.test(name)) throw new Error('loaded ' + name);
  return next(name, context);
}`;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function holdfast(argv: readonly string[], cwd: string = ROOT): Promise<Ended> {
  const { HOLDFAST_DIR, HOLDFAST_DIST, ...env } = process.env;
  return run(process.execPath, [BINARY, ...argv], { cwd, env }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
}

describe('the binary holdfast', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-binary-'));
    writeFileSync(join(folder, 'package.json'), '{}');
    writeFileSync(
      join(folder, 'register.mjs'),
      "import { register } from 'node:module';\nregister('./no-packages.mjs', import.meta.url);\n",
    );
    writeFileSync(join(folder, 'no-packages.mjs'), NO_PACKAGES);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('lists its commands, and prints its version', async () => {
    for (const argv of [[], ['--help'], ['-h'], ['help']]) {
      const { code, stdout } = await holdfast(argv);
      expect(code).toBe(0);
      for (const { name } of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
    }
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect((await holdfast(['--version'])).stdout).toBe(`${version}\n`);
  });

  it.each(COMMANDS.map(({ name }) => name))('prints the help of %s without any installed package', async (name) => {
    const { stdout } = await run(process.execPath, ['--import', pathToFileURL(join(folder, 'register.mjs')).href, BINARY, name, '--help'], {
      cwd: folder,
    });
    expect(stdout).toContain(`holdfast ${name === 'dev' ? 'start' : name}`);
    expect(stdout).not.toMatch(/npm (start|run)/);
    expect((await holdfast(['help', name])).stdout).toBe(stdout);
  });

  it('refuses an unknown command with exit code 2, as JSON with --json', async () => {
    expect(await holdfast(['flet'])).toEqual({
      code: 2,
      stdout: '',
      stderr: 'flet is not a command. holdfast --help lists all commands.\n',
    });
    const { code, stdout, stderr } = await holdfast(['flet', '--json']);
    expect({ code, stderr, error: JSON.parse(stdout).error.code }).toEqual({ code: 2, stderr: '', error: 'wrong-usage' });
  });

  it.each([
    ['start', '--prot'],
    ['players', '--players', 'none'],
    ['fleet', 'lst'],
    ['chaos', '--minutes', 'none'],
    ['config', 'gateway'],
    ['conformance'],
    ['completion', 'fish'],
  ])('ends with exit code 2 for the wrong command line: %s %s', async (...argv) => {
    const { code, stdout, stderr } = await holdfast(argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).not.toBe('');
  });

  it('ends without a stack trace when the reader closes the pipe', async () => {
    const script = `"$0" "$1" --help | true; exit "\${PIPESTATUS[0]}"`;
    const { stderr } = await run('bash', ['-c', script, process.execPath, BINARY], { cwd: folder });
    expect(stderr).toBe('');
  });

  it('completes commands, subcommands and options in bash', async () => {
    const { stdout: script } = await holdfast(['completion', 'bash']);
    const complete = async (...words: string[]) => {
      const ask = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _holdfast; echo "\${COMPREPLY[*]}"`;
      return (await run('bash', ['-c', `${script}\n${ask}`])).stdout.trim().split(' ');
    };
    expect(await complete('holdfast', 'f')).toEqual(['fleet']);
    expect(await complete('holdfast', 'fleet', 'unc')).toEqual(['uncordon']);
    expect(await complete('holdfast', 'dev', '--insp')).toEqual(['--inspect', '--inspect-port']);
    expect(await complete('holdfast', 'completion', '')).toEqual(expect.arrayContaining(['bash', 'zsh']));
    expect((await holdfast(['completion', 'fish'])).stderr).toBe('Name a shell: holdfast completion bash or zsh.\n');
  });

  it('reports a project without servers and an invalid configuration', async () => {
    writeFileSync(join(folder, 'holdfast.config.json'), '{}');
    const missing = await holdfast(['start', '--port', '7940'], folder);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain(
      `The entry of the gateway, dist/gateway.js, does not exist in ${folder}. Create its source, or name another file as entries.gateway in holdfast.config.json.`,
    );
    writeFileSync(join(folder, 'holdfast.config.json'), '{ "entries": { "gatway": "a.js" } }');
    const wrong = await holdfast(['start'], folder);
    expect(wrong.stderr).toBe(
      `${join(folder, 'holdfast.config.json')} is wrong:\n  entries.gatway is not known: allowed are gateway, lobby, game.\n`,
    );
    rmSync(join(folder, 'holdfast.config.json'));
  });
});

describe('a help text of a script', () => {
  it.each([
    ['Start one with `npm start`.', 'Start one with `holdfast start`.'],
    ['npm start -- --port 8000', 'holdfast start --port 8000'],
    ['npm run fleet -- list', 'holdfast fleet list'],
    ['(npm run dev)', '(holdfast dev)'],
    ['Usage: npm run conformance -- [options]', 'Usage: holdfast conformance [options]'],
    ['npm run start:gateway', 'npm run start:gateway'],
  ])('%j is rewritten for the binary as %j', (text, expected) => {
    expect(asBinary(text)).toBe(expected);
  });
});
