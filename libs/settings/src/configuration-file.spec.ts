import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings, SettingsError } from './read-settings.js';
import { viewSettings } from './setting-views.js';

describe('the file that HOLDFAST_CONFIG names', () => {
  let folder: string;
  let environment: Record<string, string>;
  const write = (content: unknown): void =>
    writeFileSync(environment.HOLDFAST_CONFIG as string, typeof content === 'string' ? content : JSON.stringify(content));
  const problems = (): readonly string[] => {
    try {
      readSettings('gateway', environment);
      return [];
    } catch (error) {
      if (error instanceof SettingsError) return error.problems;
      throw error;
    }
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-configuration-'));
    environment = {
      HOLDFAST_CONFIG: join(folder, 'settings.json'),
      LINK_SECRET: 'a secret of the whole fleet',
      ADMIN_TOKEN: 'a token of the admins',
      AUTH: 'guest',
    };
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('may contain numbers, booleans, texts and lists', () => {
    write({ HEALTH_INTERVAL_MS: 500, HEALTH_DRY_RUN: true, REGION: 'eu', ALLOWED_ORIGINS: ['https://a.example.org', 'null'] });
    const settings = readSettings('gateway', environment);
    expect(settings.health).toMatchObject({ intervalMs: 500, dryRun: true });
    expect(settings.server.region).toBe('eu');
    expect(settings.edge.allowedOrigins).toEqual(['https://a.example.org', 'null']);
  });

  it('is overridden by the environment, and is shown as the origin of the settings that come from the file', () => {
    write({ HEALTH_INTERVAL_MS: 500, HEALTH_MAX_MISSES: 5, REDIS_URL_FILE: '/none' });
    const set = { ...environment, HEALTH_INTERVAL_MS: '700', HEALTH_MAX_MISSES: '', REDIS_URL: 'redis://b:1' };
    const settings = readSettings('gateway', set);
    expect(settings.health).toMatchObject({ intervalMs: 700, maxMisses: 5 });
    expect(settings.redis.url).toBe('redis://b:1');
    const origins = new Map(viewSettings('gateway', set).map(({ variable, from }) => [variable, from]));
    expect(['HEALTH_INTERVAL_MS', 'HEALTH_MAX_MISSES', 'HEALTH_GRACE_MS'].map((variable) => origins.get(variable))).toEqual([
      'environment',
      'configuration',
      'default',
    ]);
  });

  it('may contain REDIS_URL_FILE when REDIS_URL is empty in the environment', () => {
    const url = join(folder, 'url');
    writeFileSync(url, 'redis://store:1');
    write({ REDIS_URL_FILE: url });
    expect(readSettings('gateway', { ...environment, REDIS_URL: '' }).redis.url).toBe('redis://store:1');
  });

  it('is refused with an error that names each wrong value, and the known name that an unknown key resembles', () => {
    write({
      HEALTH_INTERVALL_MS: 500,
      max_games: 5,
      comment: 'ours',
      HEALTH_MAX_MISSES: 0,
      REGION: { name: 'eu' },
      ALLOWED_ORIGINS: ['null', 'https://a.example.org/path'],
      EXTENSIONS: 'dist/a.js',
    });
    const file = JSON.stringify(environment.HOLDFAST_CONFIG);
    expect(problems()).toEqual([
      `HEALTH_INTERVALL_MS in ${file} is not a setting: it must be removed or corrected. Did you mean HEALTH_INTERVAL_MS?`,
      `max_games in ${file} is not a setting: it must be removed or corrected. Did you mean MAX_GAMES?`,
      `comment in ${file} is not a setting: it must be removed or corrected. \`holdfast config --print\` lists all settings.`,
      `HEALTH_MAX_MISSES in ${file} is 0: it must be a whole number from 1 to 100`,
      `REGION in ${file} is {"name":"eu"}: it must be 1 to 32 letters, digits and dashes`,
      expect.stringMatching(/^ALLOWED_ORIGINS\[1\] in ".*" is "https:\/\/a.example.org\/path": ALLOWED_ORIGINS must be a list of origins /),
      `EXTENSIONS in ${file} is "dist/a.js": it must be a list of paths of JavaScript files`,
    ]);
  });

  it.each([
    ['HEALTH_MAX_MISSES', '5', 'is "5": it must be a whole number from 1 to 100, without quotation marks'],
    ['HEALTH_DRY_RUN', 'true', 'is "true": it must be true or false, without quotation marks'],
    ['HEALTH_DRY_RUN', 'yes', 'is "yes": it must be true or false'],
    ['REGION', 5, 'is 5: it must be 1 to 32 letters, digits and dashes, in quotation marks'],
  ])('is refused when %s has the value %j, and the message says how to write the value', (variable, value, sentence) => {
    write({ [variable]: value });
    expect(problems()).toEqual([`${variable} in ${JSON.stringify(environment.HOLDFAST_CONFIG)} ${sentence}`]);
  });

  it('may contain the path of its JSON Schema as `$schema`', () => {
    write({ $schema: './node_modules/@holdfast/server/settings.schema.json', HEALTH_MAX_MISSES: 3 });
    expect(readSettings('gateway', environment).health.maxMisses).toBe(3);
  });

  it('may name the file of a secret, but is refused when it contains a secret or credentials for Redis', () => {
    const token = join(folder, 'token');
    writeFileSync(token, 'a token of the admins in a file');
    write({ ADMIN_TOKEN_FILE: token });
    const { ADMIN_TOKEN: _, ...rest } = environment;
    environment = rest;
    expect(problems()).toEqual([]);
    write({ ADMIN_TOKEN_FILE: token, LINK_SECRET: 'hunter2hunter2hunter2', REDIS_URL: 'redis://me:hunter2/x@a' });
    expect(problems()).toEqual([
      expect.stringMatching(/^LINK_SECRET in ".*" is a secret, which must not be in this file: use LINK_SECRET_FILE, or the environment$/),
      expect.stringMatching(/^REDIS_URL in ".*" contains a login, which must not be in this file/),
    ]);
    expect(problems().join()).not.toContain('hunter2');
  });

  it.each(['[]', 'null'])('is refused when it contains %j', (text) => {
    write(text);
    expect(problems()).toEqual([expect.stringMatching(/^HOLDFAST_CONFIG is ".*": the file must contain a JSON object$/)]);
  });

  it.each([
    ['', 1, 1],
    ['{ "REGION": hunter2 }', 1, 13],
    ['{\n  "REGION": "eu",\n}', 3, 1],
  ])('is refused with the line and column of the error when it contains %j', (text, line, column) => {
    write(text);
    expect(problems()).toEqual([
      `HOLDFAST_CONFIG is ${JSON.stringify(environment.HOLDFAST_CONFIG)}: the file must contain a JSON object, and is not valid JSON at line ${line}, column ${column}`,
    ]);
  });

  it('is refused when it is missing', () => {
    expect(problems()).toEqual([
      expect.stringMatching(/^HOLDFAST_CONFIG is ".*": it must be the path of a file that this process can read \(ENOENT\)$/),
    ]);
  });
});
