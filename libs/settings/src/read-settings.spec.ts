import { SETTINGS } from './definitions.js';
import { readSettings, SettingsError } from './read-settings.js';

const secrets = { LINK_SECRET: 'a secret of the whole fleet', ADMIN_TOKEN: 'a token of the admins' };

function problemsOf(type: 'gateway' | 'lobby' | 'game', environment: Record<string, string>): readonly string[] {
  try {
    readSettings(type, environment);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
}

describe('readSettings', () => {
  it('returns the documented defaults for an empty environment', () => {
    const settings = readSettings('gateway', { ...secrets, AUTH: 'guest' });
    expect(settings.redis.url).toBe('redis://127.0.0.1:6379');
    expect(settings.ops).toMatchObject({ port: 7010, host: '127.0.0.1' });
    expect(settings.link.host).toBe('127.0.0.1');
    expect(settings.edge).toMatchObject({ port: 7000, tcpPort: 7001, frameBytesMax: 16_384, allowedOrigins: [] });
    expect(settings.health).toMatchObject({ intervalMs: 1_000, maxMisses: 2, dryRun: false });
    expect(readSettings('game', secrets).ops.port).toBe(0);
    expect(readSettings('game', secrets).game).toEqual({
      maxGames: 1_000,
      drainTimeoutMs: 25_000,
      handlerSlowMs: 200,
      handlerLimitMs: 500,
      handlerMemoryMb: 256,
      effectWarnMs: 60_000,
    });
  });

  it('gives each process a unique name, even in containers with equal host names and pids', () => {
    const names = [1, 2].map(() => {
      let name = '';
      jest.isolateModules(() => {
        const process = require('./read-settings.js') as { readSettings: typeof readSettings };
        name = process.readSettings('lobby', secrets).server.name;
      });
      return name;
    });
    expect(new Set(names).size).toBe(2);
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9._-]{1,48}-[0-9a-f]{6}$/);
  });

  it.each(['hf:', 'a:b', '{hf}', 'hf*', 'hf?', '-hf', 'h f', 'x'.repeat(33)])('refuses %j as the prefix of a fleet', (prefix) => {
    expect(problemsOf('lobby', { ...secrets, REDIS_PREFIX: prefix })).toEqual([
      expect.stringMatching(/^REDIS_PREFIX is .*it must be 1 to 32 letters, digits, dots, dashes and underscores/),
    ]);
    expect(readSettings('lobby', { ...secrets, REDIS_PREFIX: 'blue.2_eu-1' }).redis.prefix).toBe('blue.2_eu-1');
  });

  it('returns only the groups of settings that the server uses', () => {
    expect(readSettings('lobby', secrets)).not.toHaveProperty('edge');
    expect(readSettings('lobby', secrets)).toHaveProperty('match');
    expect(readSettings('game', { ...secrets, PUBLIC_PORT: 'wrong, but not used by a game server' })).not.toHaveProperty('edge');
  });

  it('reports all wrong variables in one error, with the allowed values', () => {
    const problems = problemsOf('game', {
      ...secrets,
      HEALTH_INTERVAL_MS: 'soon',
      MAX_GAMES: '0',
      LOG_LEVEL: 'loud',
      HEALTH_DRY_RUN: 'maybe',
    });
    expect(problems).toEqual([
      'LOG_LEVEL is "loud": it must be debug, info, warn, error or silent',
      'HEALTH_INTERVAL_MS is "soon": it must be a whole number from 100 to 60000',
      'HEALTH_DRY_RUN is "maybe": it must be true or false',
      'MAX_GAMES is "0": it must be a whole number from 1 to 1000000',
    ]);
  });

  it('requires the secrets, and never prints a secret', () => {
    expect(problemsOf('lobby', {})).toEqual([
      'LINK_SECRET is not set and has no default: it must be 1 to 4 different secrets of at least 16 characters, separated by commas or line breaks, newest first',
    ]);
    expect(problemsOf('lobby', { LINK_SECRET: 'hunter2' })).toEqual([
      'LINK_SECRET is *** (7 characters): it must be 1 to 4 different secrets of at least 16 characters, separated by commas or line breaks, newest first',
    ]);
    expect(problemsOf('lobby', { ...secrets, REDIS_URL: 'http://me:hunter2@store' }).join()).not.toContain('hunter2');
    for (const password of ['hunter2/x', 'x@hunter2', 'x hunter2'])
      expect(problemsOf('lobby', { ...secrets, REDIS_URL: `http://me:${password}@store` }).join()).not.toContain('hunter2');
  });

  it('reads several link secrets, newest first, and never prints a secret', () => {
    const [newer, older] = ['a newer secret of it', 'an older secret of it'];
    for (const separator of [',', ', ', '\n', '\r\n'])
      expect(readSettings('lobby', { LINK_SECRET: `${newer}${separator}${older}` }).link.secrets).toEqual([newer, older]);
    for (const wrong of [',', `${newer},short`, `${newer},${newer}`, Array.from({ length: 5 }, (_, n) => `${newer} ${n}`).join(',')]) {
      const problems = problemsOf('lobby', { LINK_SECRET: wrong });
      expect(problems).toEqual([expect.stringMatching(/^LINK_SECRET is \*{3} \(\d+ characters\): it must be 1 to 4 different secrets/)]);
      expect(problems.join()).not.toContain(newer);
    }
  });

  it('refuses DURABILITY_REPLICAS for a Redis Cluster', () => {
    const cluster = 'redis://one:6379,redis://two:6379';
    expect(problemsOf('game', { ...secrets, REDIS_URL: cluster })).toEqual([]);
    expect(problemsOf('game', { ...secrets, DURABILITY_REPLICAS: '1', REDIS_URL: 'sentinel://one:26379,two:26379/main' })).toEqual([]);
    expect(problemsOf('game', { ...secrets, DURABILITY_REPLICAS: '1' })).toEqual([]);
    expect(problemsOf('game', { ...secrets, DURABILITY_REPLICAS: '1', REDIS_URL: cluster })).toEqual([
      expect.stringMatching(/^DURABILITY_REPLICAS is 1: it must be 0 when REDIS_URL is a Cluster/),
    ]);
  });

  it('treats an empty variable as not set', () => {
    expect(readSettings('game', { ...secrets, REDIS_URL: '', MAX_GAMES: ' ' }).game.maxGames).toBe(1_000);
  });

  it.each([
    'redis://127.0.0.1:6379',
    'rediss://user:word@store.example.org:6380/0',
    'redis://a:1,redis://b:2',
    'redis://a:1,b:2',
    'sentinel://a:26379,b:26379/holdfast',
  ])('accepts %s as a Redis URL', (url) => {
    expect(readSettings('lobby', { ...secrets, REDIS_URL: url }).redis.url).toBe(url);
  });

  it.each(['localhost:6379', 'http://store', 'sentinel://a:26379', 'redis://'])('refuses %s as a Redis URL', (url) => {
    expect(problemsOf('lobby', { ...secrets, REDIS_URL: url })).toHaveLength(1);
  });

  it.each([
    [{ REDIS_URL: 'redis://u:w@a', REDIS_PASSWORD: 'w' }, 'REDIS_URL and REDIS_PASSWORD name a password: it must be only one of them'],
    [
      { REDIS_PASSWORD: 'w', REDIS_PASSWORD_FILE: 'f' },
      'REDIS_PASSWORD and REDIS_PASSWORD_FILE name a password: it must be only one of them',
    ],
    [{ REDIS_URL: 'sentinel://u:w@a:1/main', REDIS_USER: 'u' }, 'REDIS_USER is set: it must not be set when REDIS_URL names a user'],
    [{ REDIS_USER: 'u' }, 'REDIS_PASSWORD is not set: it must be the password of the user, here or in REDIS_PASSWORD_FILE'],
    [{ REDIS_SENTINEL_TLS: 'true' }, 'REDIS_SENTINEL_TLS is set: it must not be set unless REDIS_URL begins with sentinel://'],
    [
      { REDIS_URL: 'sentinel://a:1/main', REDIS_SENTINEL_USER: 'u' },
      'REDIS_SENTINEL_PASSWORD is not set: it must be the password of REDIS_SENTINEL_USER, here or in REDIS_SENTINEL_PASSWORD_FILE',
    ],
    [
      { REDIS_TLS_CA: 'f' },
      'REDIS_TLS_CA is set: it must not be set without REDIS_TLS=true, rediss://, REDIS_SENTINEL_TLS=true or REDIS_URL_FILE',
    ],
    [{ REDIS_TLS: 'true', REDIS_TLS_CERT: 'f' }, 'REDIS_TLS_KEY is not set: it must be the path that belongs to REDIS_TLS_CERT'],
  ])('refuses credentials for Redis that are incomplete or set twice: %j', (environment, problem) => {
    expect(problemsOf('game', { ...secrets, ...environment })).toEqual([problem]);
  });

  it.each<Record<string, string>>([
    { REDIS_URL: 'redis://u@a', REDIS_PASSWORD_FILE: 'f' },
    { REDIS_USER: 'u', REDIS_PASSWORD: 'w', REDIS_TLS: 'true', REDIS_TLS_CA: 'f' },
    { REDIS_URL: 'rediss://:w@a:1,b:2', REDIS_TLS_NAME: 'store.example.org' },
    {
      REDIS_URL: 'sentinel://u:w@a:1,b:2/main',
      REDIS_SENTINEL_USER: 's',
      REDIS_SENTINEL_PASSWORD_FILE: 'f',
      REDIS_SENTINEL_TLS: 'true',
      REDIS_TLS_CA: 'f',
    },
  ])('accepts complete credentials for Redis: %j', (environment) => {
    expect(problemsOf('game', { ...secrets, ...environment })).toEqual([]);
  });

  it.each(['redis://u:hunter2/x@a', 'redis://u:hunter2%@a', 'redis://u:hunter2@a:1,rediss://b:2'])('refuses REDIS_URL=%s', (url) => {
    const problems = problemsOf('game', { ...secrets, REDIS_URL: url });
    expect(problems).toEqual([expect.stringMatching(/^REDIS_URL is "redis:\/\/\*{3}@a.*", which is not a Redis URL; /)]);
    expect(problems.join()).not.toContain('hunter2');
  });

  it('never prints a password of Redis', () => {
    const wrong = { REDIS_PASSWORD: 'hunter2', REDIS_PASSWORD_FILE: 'f', REDIS_URL: 'redis://u:hunter2@a' };
    expect(problemsOf('game', { ...secrets, ...wrong })).toHaveLength(1);
    expect(problemsOf('game', { ...secrets, ...wrong }).join()).not.toContain('hunter2');
  });

  it('refuses `AUTH=jwt` when neither a secret nor a URL of keys is set', () => {
    expect(problemsOf('gateway', secrets)[0]).toContain('AUTH_JWT_SECRET or AUTH_JWKS_URL');
    expect(problemsOf('gateway', { ...secrets, AUTH_JWKS_URL: 'https://issuer.example.org/keys' })).toEqual([]);
  });

  it.each([
    [{ FRAME_BYTES_MAX: '65536', BYTES_BURST: '16384' }, /^BYTES_BURST is 16384: it must be at least FRAME_BYTES_MAX \(65536\)/],
    [
      { FRAME_BYTES_MAX: '262144', LINK_FRAME_BYTES_MAX: '524288' },
      /^FRAME_BYTES_MAX is 262144: it must be at most a quarter of LINK_FRAME/,
    ],
    [{ LINK_FRAME_BYTES_MAX: '262144' }, /^LINK_FRAME_BYTES_MAX is 262144: it must be at least ROOM_STATE_BYTES_MAX/],
  ])('refuses contradictory limits: %j', (environment, problem) => {
    expect(problemsOf('gateway', { ...secrets, AUTH: 'guest', ...environment })).toEqual([expect.stringMatching(problem)]);
  });

  it.each([
    [{ PUBLIC_TLS_CERT: 'a.crt' }, 'PUBLIC_TLS_KEY is not set: it must be the path that belongs to PUBLIC_TLS_CERT'],
    [{ LINK_TLS_KEY: 'a.key' }, 'LINK_TLS_CERT is not set: it must be the path that belongs to LINK_TLS_KEY'],
    [{ LINK_TLS_CA: 'ca.crt' }, 'LINK_TLS_CERT is not set: it must be a path, because LINK_TLS_CA needs it'],
  ])('refuses incomplete TLS settings: %j', (environment, problem) => {
    expect(problemsOf('gateway', { ...secrets, AUTH: 'guest', ...environment })).toEqual([problem]);
  });

  it('returns settings that cannot be modified', () => {
    const settings = readSettings('game', secrets) as { game: { maxGames: number } };
    expect(() => {
      settings.game.maxGames = 1;
    }).toThrow(TypeError);
  });

  it.each([
    'https://play.example.org',
    'http://[::1]:7000',
    'capacitor://localhost',
    'ionic://localhost',
    'app://.',
    'null',
    'file://',
    '*',
  ])('allows the origin %s', (origin) => {
    expect(readSettings('gateway', { ...secrets, AUTH: 'guest', ALLOWED_ORIGINS: origin }).edge.allowedOrigins).toEqual([origin]);
  });

  it.each(['play.example.org', 'https://play.example.org/', 'https://a b', 'file:///home', 'none', '://x'])(
    'refuses the origin %s',
    (origin) => {
      expect(problemsOf('gateway', { ...secrets, AUTH: 'guest', ALLOWED_ORIGINS: origin })).toEqual([
        expect.stringContaining('ALLOWED_ORIGINS is '),
      ]);
    },
  );

  it.each(['127.0.0.1', '10.0.0.0/8', '::1', '2001:db8::/32', 'loopback', '10.0.0.1, fc00::/7'])('allows the proxies %s', (proxies) => {
    const { trustedProxies } = readSettings('gateway', { ...secrets, AUTH: 'guest', TRUSTED_PROXIES: proxies }).edge;
    expect(trustedProxies).toEqual(proxies.split(', '));
  });

  it.each(['10.0.0.0/33', '0.0.0.0/0', '10.0.0.0/8/8', '10.0.0', 'proxy.example.org', '*', 'fe80::1%eth0'])(
    'refuses the proxies %s',
    (proxies) => {
      expect(problemsOf('gateway', { ...secrets, AUTH: 'guest', TRUSTED_PROXIES: proxies })).toEqual([
        expect.stringContaining('TRUSTED_PROXIES is '),
      ]);
    },
  );

  it('splits a list and removes empty items', () => {
    const environment = { ...secrets, AUTH: 'guest', ALLOWED_ORIGINS: 'https://a.example.org, http://localhost:5173,' };
    expect(readSettings('gateway', environment).edge.allowedOrigins).toEqual(['https://a.example.org', 'http://localhost:5173']);
  });
});

describe('the table of settings', () => {
  const all = Object.values(SETTINGS).flatMap((group) => Object.values(group.settings));

  it('contains each variable once, with a valid default', () => {
    const names = all.map(({ variable }) => variable);
    expect(new Set(names).size).toBe(names.length);
    for (const setting of all) {
      const fallback = setting.fallback?.({ type: 'game', isTerminal: false });
      if (fallback === undefined || fallback === null) continue;
      const written = Array.isArray(fallback) ? fallback.join(',') : String(fallback);
      if (written !== '') expect([setting.variable, setting.schema.safeParse(written).success]).toEqual([setting.variable, true]);
    }
  });
});
