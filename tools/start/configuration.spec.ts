import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '#libs/settings';
import { withConfiguration } from './configuration.mjs';

describe('the settings of npm start', () => {
  let folder: string;
  let env: Record<string, string>;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-configuration-'));
    env = { HOLDFAST_CONFIG: join(folder, 'settings.json'), LINK_SECRET: 'a secret of the fleet', ADMIN_TOKEN: 'a token of the admins' };
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const write = (content: unknown): void => writeFileSync(join(folder, 'settings.json'), JSON.stringify(content));

  it('come from the environment, or else from the file that HOLDFAST_CONFIG names', () => {
    write({ AUTH: 'extension', PUBLIC_PORT: 7100, HEALTH_DRY_RUN: true, LOG_LEVEL: 'debug', MAX_GAMES: 5 });
    const read = { AUTH: 'extension', PUBLIC_PORT: '7100', HEALTH_DRY_RUN: 'true', LOG_LEVEL: 'warn' };
    // The result has no MAX_GAMES, because servers read all other settings of the file themselves.
    expect(withConfiguration({ ...env, LOG_LEVEL: 'warn', AUTH: '' })).toEqual({ ...env, ...read });
  });

  it.each([
    [{ REDIS_URL: 'redis://file:1' }, {}, 'redis://file:1'],
    [{ REDIS_URL: 'redis://file:1' }, { REDIS_URL: 'redis://environment:1' }, 'redis://environment:1'],
    [{ REDIS_URL: 'redis://file:1' }, { REDIS_URL_FILE: 'url' }, 'redis://url:1'],
    [{ REDIS_URL_FILE: 'url' }, {}, 'redis://url:1'],
    [{ REDIS_URL_FILE: 'url' }, { REDIS_URL: 'redis://environment:1' }, 'redis://environment:1'],
  ])('name the same Redis as the settings of a server, with %j in the file and %j in the environment', (content, more, url) => {
    writeFileSync(join(folder, 'url'), 'redis://url:1');
    const withPaths = (settings: Readonly<Record<string, string>>) =>
      Object.fromEntries(Object.entries(settings).map(([name, text]) => [name, text === 'url' ? join(folder, 'url') : text]));
    write({ ...withPaths(content), AUTH: 'guest' });
    const given = { ...env, ...withPaths(more) };
    expect(readSettings('gateway', given).redis.url).toBe(url);
    expect(readSettings('gateway', withConfiguration(given)).redis.url).toBe(url);
  });

  it.each([['[]'], ['null'], ['{'], ['{ "REDIS_URL": ["redis://a:1"] }']])(
    'are those of the environment when the file contains %s',
    (text) => {
      writeFileSync(join(folder, 'settings.json'), text);
      expect(withConfiguration(env)).toEqual(env);
      expect(withConfiguration({ ...env, HOLDFAST_CONFIG: '/none' })).toEqual({ ...env, HOLDFAST_CONFIG: '/none' });
    },
  );
});
