import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
});
