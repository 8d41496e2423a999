import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from './read-settings.js';
import { viewSettings } from './setting-views.js';
import { unknownSettings } from './unknown-settings.js';

const TOKEN = 'a token of the admins';

describe('a secret in a file', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-secrets-'));
    file = join(folder, 'link-secret');
    writeFileSync(file, 'a secret of the whole fleet\n');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is read from the file in NAME_FILE, without the final line break', () => {
    expect(readSettings('lobby', { LINK_SECRET_FILE: file }).link.secrets).toEqual(['a secret of the whole fleet']);
  });

  it('is refused when the secret is too short, the file is missing or empty, or LINK_SECRET is set too', () => {
    const problem = (environment: Record<string, string>) => () => readSettings('lobby', environment);
    expect(problem({ LINK_SECRET_FILE: join(folder, 'none') })).toThrow(
      /LINK_SECRET_FILE is ".*none": it must be the path of a file that this process can read \(ENOENT\)/,
    );
    expect(problem({ LINK_SECRET_FILE: file, LINK_SECRET: 'another secret of it' })).toThrow(
      'LINK_SECRET and LINK_SECRET_FILE are set: it must be only one of them',
    );
    writeFileSync(file, 'short');
    expect(problem({ LINK_SECRET_FILE: file })).toThrow(
      'LINK_SECRET is *** (5 characters): it must be 1 to 4 different secrets of at least 16 characters',
    );
    writeFileSync(file, '\n');
    expect(problem({ LINK_SECRET_FILE: file })).toThrow(
      /LINK_SECRET_FILE is ".*link-secret", which is empty: the file must contain 1 to 4 different secrets of at least 16 characters/,
    );
  });

  it('is not read at the start when the secret is the password of Redis', () => {
    const { redis } = readSettings('lobby', { LINK_SECRET_FILE: file, REDIS_PASSWORD_FILE: file });
    expect(redis).toMatchObject({ password: null, passwordFile: file });
  });
});

describe('the address of Redis in a file', () => {
  it('is read from REDIS_URL_FILE and checked like REDIS_URL, and its password is never shown', () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-address-'));
    const file = join(folder, 'redis-url');
    const environment = { LINK_SECRET: 'a secret of the whole fleet', REDIS_URL_FILE: file };
    try {
      writeFileSync(file, 'redis://user:hunter2@10.0.0.1:6379\n');
      expect(readSettings('lobby', environment).redis).toMatchObject({ url: 'redis://user:hunter2@10.0.0.1:6379', urlFile: file });
      const view = viewSettings('lobby', environment).find(({ variable }) => variable === 'REDIS_URL');
      expect(view).toEqual({ variable: 'REDIS_URL', value: 'redis://***@10.0.0.1:6379', from: 'file' });
      expect(() => readSettings('lobby', { ...environment, REDIS_URL: 'redis://b' })).toThrow(
        'REDIS_URL and REDIS_URL_FILE are set: it must be only one of them',
      );
      // The files of TLS may be set before the address has TLS, because the fleet may move to such an address while it runs.
      expect(readSettings('lobby', { ...environment, REDIS_TLS_CA: 'ca.crt' }).redis.tlsCa).toBe('ca.crt');
      writeFileSync(file, 'http://me:hunter2@store');
      expect(() => readSettings('lobby', environment)).toThrow(/REDIS_URL is "http:\/\/\*{3}@store": it must be redis:/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the effective settings', () => {
  it('show values with their origin, but no secrets or passwords in URLs', () => {
    const views = viewSettings('gateway', { ADMIN_TOKEN: TOKEN, AUTH: 'guest', REDIS_URL: 'redis://user:word@10.0.0.1:6379' });
    const shown = new Map(views.map((view) => [view.variable, view]));
    expect(shown.get('ADMIN_TOKEN')).toEqual({ variable: 'ADMIN_TOKEN', value: '***', from: 'environment' });
    expect(shown.get('REDIS_URL')).toEqual({ variable: 'REDIS_URL', value: 'redis://***@10.0.0.1:6379', from: 'environment' });
    expect(shown.get('PUBLIC_PORT')).toEqual({ variable: 'PUBLIC_PORT', value: 7000, from: 'default' });
    expect(shown.get('LINK_SECRET')).toEqual({ variable: 'LINK_SECRET', value: null, from: 'default' });
    expect(viewSettings('game', { LINK_SECRET: `${TOKEN} 1,${TOKEN} 2` }).find((view) => view.variable === 'LINK_SECRET')?.value).toBe(
      '***',
    );
    expect(JSON.stringify(views)).not.toMatch(/word|admins/);
  });

  it('contain only the settings that a server of the given type uses', () => {
    expect(viewSettings('lobby', {}).map(({ variable }) => variable)).not.toContain('PUBLIC_PORT');
    expect(viewSettings('game', {}).map(({ variable }) => variable)).toContain('MAX_GAMES');
  });
});

describe('environment variables that look like settings', () => {
  it.each([
    ['HEALTH_INTERVALL_MS', 'HEALTH_INTERVAL_MS'],
    ['DRAIN_TIMEOUT_MSEC', 'DRAIN_TIMEOUT_MS'],
    ['HOLDFAST_READYFILE', 'HOLDFAST_READY_FILE'],
    ['ADMIN_TOKEN_FIEL', 'ADMIN_TOKEN_FILE'],
    ['LINK_SECRTE', 'LINK_SECRET'],
  ])('are found with the nearest known name: %s', (variable, nearest) => {
    expect(unknownSettings({ [variable]: '1' })).toEqual([{ variable, nearest }]);
  });

  it.each(['PATH', 'HOME', 'NODE_ENV', 'APP_PORT', 'REDIS_PORT', 'LOBBY_SERVICE_HOST', 'HOLDFAST_DIR', 'PUBLIC_PORT', 'LINK_SECRET_FILE'])(
    'do not include %s',
    (variable) => {
      expect(unknownSettings({ [variable]: '1' })).toEqual([]);
    },
  );
});
