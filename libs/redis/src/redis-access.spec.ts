import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RedisAccess } from './redis-access.js';

let home: string;
let file: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'holdfast-access-'));
  file = join(home, 'password');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const url = 'redis://127.0.0.1:6379';

describe('the credentials for Redis', () => {
  it('come from the URL or the settings, and can differ for data nodes and sentinels', () => {
    expect(new RedisAccess({ url: 'redis://u:w@store' }).credentials).toEqual({ user: 'u', password: 'w' });
    expect(new RedisAccess({ url: 'redis://u@store', login: { password: 'w' } }).credentials).toEqual({ user: 'u', password: 'w' });
    const access = new RedisAccess({ url: 'sentinel://u:w@a:1/main', sentinel: { login: { user: 's', password: 'v' } } });
    expect([access.credentials, access.sentinelCredentials]).toEqual([
      { user: 'u', password: 'w' },
      { user: 's', password: 'v' },
    ]);
    expect(new RedisAccess({ url: 'sentinel://u:w@a:1/main' }).sentinelCredentials).toEqual({ user: undefined, password: undefined });
  });

  it('change with the password file, and stay unchanged while the file is missing or empty', () => {
    writeFileSync(file, 'one\n');
    const access = new RedisAccess({ url, login: { passwordFile: file } });
    const password = (): string | undefined => access.credentials.password;
    expect(password()).toBe('one');
    writeFileSync(file, 'two with blanks \r\n');
    expect(password()).toBe('two with blanks ');
    writeFileSync(file, '');
    expect(password()).toBe('two with blanks ');
    rmSync(file);
    expect(password()).toBe('two with blanks ');
    writeFileSync(file, 'three');
    expect(password()).toBe('three');
  });

  it.each([
    ['REDIS_PASSWORD_FILE', (passwordFile: string) => new RedisAccess({ url, login: { passwordFile } })],
    ['REDIS_SENTINEL_PASSWORD_FILE', (passwordFile: string) => new RedisAccess({ url, sentinel: { login: { passwordFile } } })],
  ])('are refused at the start when %s names a file that is unreadable or empty', (setting, open) => {
    expect(() => open(file)).toThrow(new RegExp(`^${setting} is ".*password", which cannot be read: ENOENT`));
    writeFileSync(file, '\n');
    expect(() => open(file)).toThrow(new RegExp(`^${setting} is ".*password", which is empty`));
  });
});

describe('the TLS options for Redis', () => {
  it('are separate for data nodes and sentinels', () => {
    const of = (options: ConstructorParameters<typeof RedisAccess>[0]): unknown[] => {
      const { tls, sentinelTls } = new RedisAccess(options);
      return [tls, sentinelTls];
    };
    expect(of({ url })).toEqual([undefined, undefined]);
    expect(of({ url: 'rediss://store' })).toEqual([{}, undefined]);
    expect(of({ url, tls: { isOn: true, name: 'store.example.org' } })).toEqual([{ servername: 'store.example.org' }, undefined]);
    expect(of({ url: 'sentinel://a:1/main', tls: { isOn: true } })).toEqual([{}, undefined]);
    expect(of({ url: 'sentinel://a:1/main', sentinel: { isTls: true } })).toEqual([undefined, {}]);
  });

  it('are refused at the start when a file cannot be read', () => {
    expect(() => new RedisAccess({ url, tls: { isOn: true, ca: '/no/such.crt' } })).toThrow(
      /^REDIS_TLS_CA is "\/no\/such\.crt", which cannot be read: the file does not exist$/,
    );
  });
});
