import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { readSettings } from '#libs/settings';

const ROOT = join(__dirname, '..');
const run = promisify(execFile);

interface Service {
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly ports?: readonly string[];
  readonly deploy?: { readonly replicas: number };
  readonly healthcheck?: { readonly test: readonly string[] };
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

  it('runs one gateway, one lobby, two game servers and a Redis that stores all writes', () => {
    expect(Object.keys(compose.services)).toEqual(['redis', ...servers]);
    expect(compose.services.game.deploy?.replicas).toBe(2);
    expect(compose.services.redis.command.join(' ')).toContain('--appendonly yes --maxmemory-policy noeviction');
  });

  it('publishes the ops port only on this machine', () => {
    expect(compose.services.gateway.ports?.filter((port) => port.endsWith(':7010'))).toEqual([expect.stringMatching(/^127\.0\.0\.1:/)]);
    for (const type of ['redis', 'lobby', 'game']) expect(compose.services[type].ports).toBeUndefined();
  });

  it('checks the health of a server with a script that fails when no server runs', async () => {
    const script = compose.services.game.healthcheck?.test.at(-1)?.replaceAll('$$', '$') as string;
    await expect(run(process.execPath, ['--eval', script])).rejects.toMatchObject({ code: 1, stderr: '' });
  });
});

describe('the supported versions of Node', () => {
  const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
  const lines: string[] = parse(read('.github/workflows/ci.yml')).jobs.check.strategy.matrix.node;

  it('are all tested by CI, from the minimum version in package.json', () => {
    const ranges: string[] = JSON.parse(read('package.json')).engines.node.split(' || ');
    expect(ranges.map((range) => /\d+/.exec(range)?.[0])).toEqual(lines.map((line) => line.split('.')[0]));
    expect(ranges[0]).toBe(`^${lines[0]}.0`);
  });

  it('include the version of the image and of .nvmrc as the newest', () => {
    const bases = [...read('Dockerfile').matchAll(/^FROM node:(\S+)/gm)].map(([, tag]) => tag);
    expect(bases).toEqual([`${lines.at(-1)}-slim`, `${lines.at(-1)}-slim`]);
    expect(read('.nvmrc').trim()).toBe(lines.at(-1));
  });
});

describe('the Dockerfile', () => {
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');

  it('starts Node directly, as an unprivileged user', () => {
    expect(dockerfile).toMatch(/^USER node$/m);
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
