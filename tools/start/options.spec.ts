import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { planFleet, plannedPorts, stopTimeoutMs } from './fleet-plan.mjs';
import { isPortOfGateway, OPTIONS, PORT_DEFAULT, PORT_OFFSETS, PORT_STEP, readOptions } from './options.mjs';

function optionsOf(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const read = readOptions(argv, env);
  if ('problem' in read) throw new Error(read.problem);
  return read.options;
}

function problemOf(...argv: string[]): string {
  const read = readOptions(argv, {});
  return 'problem' in read ? read.problem : '';
}

describe('the options of npm start', () => {
  it('are one gateway, one lobby and two game servers on port 7000 by default', () => {
    expect(optionsOf([])).toMatchObject({ gateways: 1, lobbies: 1, games: 2, port: 7000, host: '127.0.0.1', redisUrl: null });
  });

  it('come from the arguments first, and then from the environment', () => {
    const env = { REDIS_URL: 'redis://a:1', PUBLIC_PORT: '8000' };
    expect(optionsOf([], env)).toMatchObject({ redisUrl: 'redis://a:1', port: 8000 });
    expect(optionsOf(['--redis-url', 'redis://b:2', '--port', '9000'], env)).toMatchObject({ redisUrl: 'redis://b:2', port: 9000 });
  });

  it('are refused with the name, the value and the allowed values of the wrong option', () => {
    expect(problemOf('--games', 'many')).toBe('--games is "many": it must be a whole number from 1 to 100.');
    expect(problemOf('--gamez', '3')).toContain("'--gamez'");
    expect(problemOf('--port', '65535')).toContain('65525');
    for (const port of ['0', '-1', '70000', '7e', ''])
      expect(problemOf(`--port=${port}`)).toBe(`--port is "${port}": it must be a whole number from 1 to 65525.`);
  });

  it('accept IPv6 addresses with and without brackets', () => {
    for (const host of ['::1', '[::1]']) expect(optionsOf(['--host', host]).host).toBe('::1');
    expect(optionsOf([], { PUBLIC_HOST: '::' }).host).toBe('::');
  });

  it.each(['http://localhost', 'a b', '', '127.0.0.1:7000', '::zz', '[::1'])('are refused when the host is %j', (host) => {
    expect(problemOf(`--host=${host}`)).toBe(
      `--host is ${JSON.stringify(host)}: it must be an IPv4 or IPv6 address of this machine, or its host name.`,
    );
  });
});

describe('the help of npm start', () => {
  const help = readFileSync(join(__dirname, 'help.txt'), 'utf8');

  it('lists every option', () => {
    for (const name of Object.keys(OPTIONS)) expect(help).toMatch(new RegExp(`^ +--${name}( |$)`, 'm'));
  });

  it('names the default ports of the fleet', () => {
    expect(help).toContain(`(default ${PORT_DEFAULT}); TCP is PORT+${PORT_OFFSETS.tcp},`);
    expect(help).toMatch(new RegExp(`operators PORT\\+${PORT_OFFSETS.ops}; each further gateway adds ${PORT_STEP}`));
  });
});

describe('the plan of a fleet', () => {
  const given = { redisUrl: 'redis://r:1', linkSecret: 'link', adminToken: 'admin', env: {} };
  const plan = planFleet(optionsOf(['--gateways', '3', '--games', '4']), given);

  it('names each server by its type and number', () => {
    expect(plan.map(({ label }) => label)).toEqual([
      ...['gateway 1', 'gateway 2', 'gateway 3'],
      'lobby 1',
      ...['game 1', 'game 2', 'game 3', 'game 4'],
    ]);
  });

  it('assigns no port twice', () => {
    const ports = plannedPorts(optionsOf(['--gateways', '3'])).map(({ port }) => port);
    expect(ports).toHaveLength(9);
    expect(new Set(ports).size).toBe(9);
    expect(ports.slice(0, 3)).toEqual([7000, 7001, 7010]);
  });

  it('reserves the gateway ports, so that the private Redis uses other ports', () => {
    const options = optionsOf(['--gateways', '3']);
    for (const { port } of plannedPorts(options)) expect(isPortOfGateway(port, options)).toBe(true);
    expect([6999, 7060].map((port) => isPortOfGateway(port, options))).toEqual([false, false]);
  });

  it('gives all servers one Redis and one link secret, but only gateways the admin token', () => {
    for (const { env } of plan) expect(env).toMatchObject({ REDIS_URL: 'redis://r:1', LINK_SECRET: 'link' });
    expect(plan.filter(({ env }) => env.ADMIN_TOKEN === 'admin').map(({ type }) => type)).toEqual(['gateway', 'gateway', 'gateway']);
  });

  it('lets all servers read the file of REDIS_URL_FILE themselves', () => {
    const env = { REDIS_URL_FILE: '/run/redis-url', REDIS_URL: given.redisUrl };
    for (const server of planFleet(optionsOf([]), { ...given, env }))
      expect(server.env).toMatchObject({ REDIS_URL: '', REDIS_URL_FILE: '/run/redis-url' });
  });

  it('ignores REDIS_URL_FILE when --redis-url names another Redis', () => {
    const env = { REDIS_URL_FILE: '/run/redis-url', REDIS_URL: 'redis://file:1' };
    for (const server of planFleet(optionsOf([]), { ...given, env }))
      expect(server.env).toMatchObject({ REDIS_URL: given.redisUrl, REDIS_URL_FILE: '' });
  });

  it('prefers the variables of the environment to its own values', () => {
    const [gateway] = planFleet(optionsOf([]), { ...given, env: { AUTH: 'jwt', LOG_LEVEL: 'debug' } });
    expect(gateway.env).toMatchObject({ AUTH: 'jwt', LOG_LEVEL: 'debug' });
    expect(plan[0].env.AUTH).toBe('guest');
  });

  it.each([
    [undefined, 10_000],
    ['0', 10_000],
    ['60000', 65_000],
    ['a minute', 10_000],
  ])('leaves enough time for a drain with DRAIN_TIMEOUT_MS=%s before a stopping game server is killed', (drainTimeoutMs, expected) => {
    const env = drainTimeoutMs === undefined ? {} : { DRAIN_TIMEOUT_MS: drainTimeoutMs };
    const stops = planFleet(optionsOf([]), { ...given, env }).map((server) => [server.type, stopTimeoutMs(server)]);
    expect(new Map(stops as [string, number][])).toEqual(
      new Map([
        ['gateway', 10_000],
        ['lobby', 10_000],
        ['game', expected],
      ]),
    );
  });
});
