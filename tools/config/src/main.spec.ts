import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { configurationSchema } from '#libs/settings';
import { main } from './main.js';

describe('holdfast config', () => {
  let folder: string;
  let output: string;
  const before = process.env.HOLDFAST_CONFIG;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-config-'));
    process.env.HOLDFAST_CONFIG = join(folder, 'settings.json');
    output = '';
    jest.spyOn(console, 'log').mockImplementation((text: string) => {
      output += `${text}\n`;
    });
  });
  afterEach(() => {
    jest.restoreAllMocks();
    if (before === undefined) delete process.env.HOLDFAST_CONFIG;
    else process.env.HOLDFAST_CONFIG = before;
    rmSync(folder, { recursive: true });
  });
  const run = (...argv: string[]): Promise<number> => {
    const made = { LINK_SECRET: 'a secret of the whole fleet', ADMIN_TOKEN: 'a token of the admins', AUTH: 'guest' };
    return main(argv, { envFile: join(folder, '.env'), made });
  };
  const write = (settings: Readonly<Record<string, unknown>>): void =>
    writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings));

  it('prints the JSON Schema of the file of HOLDFAST_CONFIG, also when the file is wrong', async () => {
    write({ MAX_GAMES: 0 });
    expect(await run('--schema')).toBe(0);
    expect(JSON.parse(output)).toEqual(configurationSchema());
  });

  it('names the file, the key and the allowed values of a wrong setting', async () => {
    write({ MAX_GAMES: 0 });
    expect(await run('--type', 'game')).toBe(1);
    expect(output).toBe(
      `game: cannot start with these settings\n  MAX_GAMES in "${folder}/settings.json" is 0: it must be a whole number from 1 to 1000000\n`,
    );
  });

  it('accepts a correct file that names its schema', async () => {
    write({ $schema: './settings.schema.json', MAX_GAMES: 10 });
    expect(await run('--type', 'game', '--print', '--changed')).toBe(0);
    expect(output).toContain('game: the settings are correct\n');
    expect(output).toContain('\n  MAX_GAMES=10  (from HOLDFAST_CONFIG)\n');
  });

  it('shows the values of the file, and not those that holdfast start would generate without the file', async () => {
    writeFileSync(join(folder, 'token'), 'a token of the admins in a file');
    write({ AUTH: 'extension', ADMIN_TOKEN_FILE: join(folder, 'token') });
    expect(await run('--type', 'gateway', '--print')).toBe(0);
    expect(output).toMatch(/^ {2}AUTH=extension {2}\(from HOLDFAST_CONFIG\)$/m);
    expect(output).toMatch(/^ {2}ADMIN_TOKEN=\*\*\* {2}\(from its file\)$/m);
  });

  const empty = (): string => {
    const file = join(folder, 'empty');
    writeFileSync(file, '\n');
    return file;
  };

  it.each([
    ['REDIS_PASSWORD_FILE', 'is "/nope", which cannot be read: ENOENT: no such file or directory, open \'/nope\''],
    ['REDIS_TLS_CA', 'is "/nope", which cannot be read: the file does not exist'],
    ['LINK_TLS_CERT', 'is "/nope", which cannot be read: the file does not exist'],
    ['OPS_TLS_CERT', 'is "/nope", which cannot be read: the file does not exist'],
    ['ADMIN_TOKEN_FILE', 'is "/nope": it must be the path of a file that this process can read (ENOENT)'],
    ['EXTENSIONS', 'names "/nope", which cannot be loaded: ENOENT: no such file or directory, open \'/nope\''],
  ])('refuses a missing file of %s for each type of server', async (variable, problem) => {
    const others = { LINK_TLS_CERT: { LINK_TLS_KEY: '/nope' }, OPS_TLS_CERT: { OPS_TLS_KEY: '/nope' }, REDIS_TLS_CA: { REDIS_TLS: true } };
    write({ [variable]: variable === 'EXTENSIONS' ? ['/nope'] : '/nope', ...others[variable as keyof typeof others] });
    expect(await run()).toBe(1);
    const types = variable === 'ADMIN_TOKEN_FILE' ? ['gateway'] : ['gateway', 'lobby', 'game'];
    for (const type of types) expect(output).toContain(`${type}: cannot start with these settings\n  ${variable} ${problem}\n`);
  });

  it('refuses an empty password, and names each wrong file of a gateway', async () => {
    const file = empty();
    write({ REDIS_PASSWORD_FILE: file, OPS_TLS_CERT: folder, OPS_TLS_KEY: file, PUBLIC_TLS_CERT: file, PUBLIC_TLS_KEY: file });
    expect(await run('--type', 'gateway')).toBe(1);
    expect(output.split('\n')).toEqual([
      'gateway: cannot start with these settings',
      `  REDIS_PASSWORD_FILE is "${file}", which is empty. Write the password into it`,
      `  OPS_TLS_CERT is "${folder}", which cannot be read: it is a directory`,
      `  PUBLIC_TLS_CERT is "${file}", which contains no certificate in PEM form`,
      '',
    ]);
  });

  it('refuses the files of Sentinel that a server would refuse', async () => {
    write({ REDIS_URL: 'sentinel://127.0.0.1:1/main', REDIS_SENTINEL_PASSWORD_FILE: empty() });
    expect(await run('--type', 'game')).toBe(1);
    expect(output).toContain(`\n  REDIS_SENTINEL_PASSWORD_FILE is "${folder}/empty", which is empty. Write the password into it\n`);
  });

  it('refuses a file with the message with which a server refuses the file at its start', async () => {
    write({ REDIS_PASSWORD_FILE: '/nope' });
    const env = { ...process.env, LINK_SECRET: 'a secret of the whole fleet' };
    const main = join(__dirname, '../../../dist/apps/game/src/main.js');
    const { stderr } = await promisify(execFile)(process.execPath, [main], { env }).then(
      () => ({ stderr: 'the server has started' }),
      (error: { readonly stderr: string }) => error,
    );
    expect(await run('--type', 'game')).toBe(1);
    const [refusal, ...problems] = stderr.trimEnd().split('\n');
    expect(refusal).toBe('This game cannot start: its settings are wrong.');
    expect(output.trimEnd().split('\n')).toEqual(['game: cannot start with these settings', ...problems]);
  });

  it.each([
    ['gateway', 'error: "gateway" is not an option. --type gateway checks only this type of server.'],
    ['gatewy', 'error: "gatewy" is not an option. holdfast config --help lists all options.'],
  ])('refuses the word %s with exit code 2, and names the option', async (word, message) => {
    jest.spyOn(process, 'exit').mockImplementation((code) => {
      throw new Error(`exit code ${code}`);
    });
    let errors = '';
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
      errors += text;
      return true;
    });
    await expect(run(word)).rejects.toThrow('exit code 2');
    expect(errors).toBe(`${message}\n`);
    await expect(run(word, '--json')).rejects.toThrow('exit code 2');
    expect(JSON.parse(output)).toEqual({ error: { code: 'wrong-usage', message: message.replace('error: ', '') } });
  });
});
