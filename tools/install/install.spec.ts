import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ROOT } from '../process/paths.mjs';
import { unreachable } from './registry.mjs';

/** A fake npm that runs for a while. It writes `begins` and `ends` to a file. */
const NPM = `#!/bin/sh
[ "$1" = ping ] && exit 0
echo begins >> npm-runs
rm -rf node_modules
sleep 1
mkdir node_modules && cp package-lock.json node_modules/.package-lock.json
echo ends >> npm-runs
`;

describe('several commands that start together in a fresh clone', () => {
  let clone: string;
  beforeEach(async () => {
    clone = await mkdtemp(join(tmpdir(), 'holdfast-clone-'));
    await mkdir(join(clone, 'bin'));
    await writeFile(join(clone, 'bin/npm'), NPM);
    await chmod(join(clone, 'bin/npm'), 0o755);
    await writeFile(join(clone, 'package.json'), '{}');
    await writeFile(join(clone, 'package-lock.json'), JSON.stringify({ packages: { 'node_modules/one': { version: '1.0.0' } } }));
    for (const folder of ['install', 'process']) await cp(join(ROOT, 'tools', folder), join(clone, 'tools', folder), { recursive: true });
  });
  afterEach(() => rm(clone, { recursive: true, force: true, maxRetries: 3 }));

  /** Resolves with the result of `install`, or rejects when the installation failed. */
  function install(): Promise<{ installed: boolean }> {
    const program = `
      const { install } = await import(${JSON.stringify(join(clone, 'tools/install/install.mjs'))});
      process.stdout.write(JSON.stringify(await install()));
    `;
    const { HOLDFAST_DIR, ...env } = process.env;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      env: { ...env, PATH: `${join(clone, 'bin')}${delimiter}${process.env.PATH}` },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    return new Promise((resolve, reject) =>
      child.once('close', (code) => (code === 0 ? resolve(JSON.parse(said)) : reject(new Error(`exit code ${code}`)))),
    );
  }

  it('install the dependencies only once', async () => {
    const results = await Promise.all([install(), install(), install()]);
    expect(results.map(({ installed }) => installed).sort()).toEqual([false, false, true]);
    expect(await readFile(join(clone, 'npm-runs'), 'utf8')).toBe('begins\nends\n');
    expect(await install()).toEqual({ installed: false });
  });
});

describe('an installation without a network', () => {
  let clone: string;
  let silent: Server;
  beforeEach(async () => {
    clone = await mkdtemp(join(tmpdir(), 'holdfast-clone-'));
    const one = { version: '1.0.0', resolved: 'https://registry.npmjs.org/one/-/one-1.0.0.tgz', integrity: `sha512-${'A'.repeat(86)}==` };
    const root = { name: 'clone', version: '1.0.0', dependencies: { one: '1.0.0' } };
    await writeFile(join(clone, 'package.json'), JSON.stringify(root));
    await writeFile(
      join(clone, 'package-lock.json'),
      JSON.stringify({ ...root, lockfileVersion: 3, requires: true, packages: { '': root, 'node_modules/one': one } }),
    );
    for (const folder of ['install', 'process']) await cp(join(ROOT, 'tools', folder), join(clone, 'tools', folder), { recursive: true });
    silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
  });
  afterEach(async () => {
    silent.close();
    await rm(clone, { recursive: true, force: true, maxRetries: 3 });
  });

  /** Returns the message of the failed installation, and its duration. */
  async function failure(registry: string, also = ''): Promise<{ message: string; ms: number }> {
    const program = `
      const { install } = await import(${JSON.stringify(join(clone, 'tools/install/install.mjs'))});
      await install({ also: ${JSON.stringify(also)} }).then(() => 'installed', (error) => process.stdout.write(error.message));
    `;
    const { HOLDFAST_DIR, ...env } = process.env;
    const startedAt = performance.now();
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      env: {
        ...env,
        npm_config_cache: join(clone, 'cache'),
        npm_config_registry: registry,
        npm_config_proxy: '',
        npm_config_https_proxy: '',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let message = '';
    child.stdout.on('data', (chunk) => {
      message += chunk;
    });
    await once(child, 'close');
    return { message, ms: performance.now() - startedAt };
  }

  it('fails within 25 s when the registry does not answer', async () => {
    const registry = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
    const { message, ms } = await failure(registry, 'A Redis is missing, too.');
    expect(message).toMatch(
      new RegExp(
        `^Holdfast must fetch its dependencies from ${registry} \\(no answer within 4 s\\), and the npm cache of this machine does not have all of them\\.\n`,
      ),
    );
    for (const remedy of ['connect this machine', 'name a mirror', 'copy node_modules', 'A Redis is missing, too.'])
      expect(message).toContain(remedy);
    // The limit is far below the minutes for which npm alone would try. It is still high, because npm starts slowly on a busy machine.
    expect(ms).toBeLessThan(25_000);
  });

  it('keeps the existing node_modules when the registry refuses connections', async () => {
    await mkdir(join(clone, 'node_modules/older'), { recursive: true });
    const { port } = silent.address() as AddressInfo;
    silent.close();
    const { message } = await failure(`http://127.0.0.1:${port}/`);
    expect(message).toMatch(/dependencies from http:\/\/127\.0\.0\.1:\d+\/ \(connect ECONNREFUSED/);
    expect(await readdir(join(clone, 'node_modules'))).toEqual(['older']);
    expect(await readdir(clone)).not.toContain('node_modules.aside');
  });
});

describe('the check of the npm registry', () => {
  it.each([
    ['npm error code E404\nnpm error 404 Not Found - GET http://mirror/-/ping', null],
    ['npm error code E401', null],
    ['npm ERR! code E403', null],
    ['npm notice PING http://r/\nnpm error code E503\nnpm error 503 Service Unavailable', 'http://r/ (E503)'],
    [
      'npm notice PING https://r/\nnpm error code EAI_AGAIN\nnpm error request to https://r/-/ping failed, reason: getaddrinfo EAI_AGAIN r',
      'https://r/ (getaddrinfo EAI_AGAIN r)',
    ],
    ['', 'the npm registry (npm ping failed)'],
  ])('finds out from the output %j of npm ping whether the registry answers', (output, expected) => {
    expect(unreachable(output, false)).toBe(expected);
  });

  it('reports no answer when npm hangs and must be killed', () => {
    expect(unreachable('npm notice PING https://r/', true)).toBe('https://r/ (no answer within 4 s)');
  });
});
