import { type ChildProcess, execFile, spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../process/free-port.mjs';
import { ended } from '../process/leashed.mjs';
import { until } from '../process/until.mjs';
import { startRedis } from '../redis/index.mjs';

const run = promisify(execFile);
const ROOT = join(__dirname, '../..');
const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
const MEGABYTE = 1_000_000;
const BYTES_MAX = 70 * MEGABYTE;
const READY_MS = 30_000;

/** Runs the steps of the Dockerfile that create its folder `/app`, but in another folder and without Docker. */
async function assemble(folder: string): Promise<void> {
  const [, command] = /^RUN npm run build && node (tools\/image\/run\.mjs) \/image$/m.exec(dockerfile) ?? [];
  expect(dockerfile).toMatch(/^COPY --from=build \/image \.\/$/m);
  await run(process.execPath, [command as string, folder], { cwd: ROOT });
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

/** Removes the write permission of all users, as on a read-only file system, and lets all users read. */
function makeReadOnly(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o555 : 0o444);
  chmodSync(folder, 0o555);
}

/** When root runs this test, the processes of the test run as the user `nobody`, because permissions do not restrict root. */
const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

describe('the image', () => {
  const home = mkdtempSync(join(tmpdir(), 'holdfast-image-'));
  const app = join(home, 'app');
  const probe = join(home, 'holdfast-probe');
  /**
   * The path of a copy of Node. The test runs this copy, because the user `nobody` perhaps cannot open the folder of the Node that runs
   * this test.
   */
  const node = join(home, 'node');
  const servers: ChildProcess[] = [];
  let gateway: ChildProcess;
  let redis: Awaited<ReturnType<typeof startRedis>>;
  const ports = { gateway: 0, game: 0 };
  const token = 'a token of the admins';

  const common = () => ({
    PATH: process.env.PATH,
    NODE_ENV: 'production',
    REDIS_URL: redis.url,
    LINK_SECRET: 'a secret of the whole fleet',
    LINK_HOST: '127.0.0.1',
    OPS_HOST: '127.0.0.1',
  });

  async function start(type: 'gateway' | 'game', env: Record<string, string> = {}): Promise<ChildProcess> {
    const [, entry] = /^ENTRYPOINT (.+)$/m.exec(dockerfile) ?? [];
    const [, ...flags]: string[] = JSON.parse(entry as string);
    ports[type] = await freePort();
    const server = spawn(node, [...flags, `dist/apps/${type}/src/main.js`], {
      cwd: app,
      env: { ...common(), OPS_PORT: String(ports[type]), ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
      ...user,
    });
    servers.push(server);
    return server;
  }

  const probeIsReady = (environment: Readonly<Record<string, string>>) =>
    run(probe, [], { env: environment, ...user }).then(
      () => true,
      () => false,
    );
  const isReady = (port: number) => probeIsReady({ OPS_HOST: '127.0.0.1', OPS_PORT: String(port) });

  beforeAll(async () => {
    await assemble(app);
    cpSync(join(ROOT, 'deploy/image/holdfast-probe'), probe);
    copyFileSync(process.execPath, node);
    chmodSync(node, 0o755);
    chmodSync(home, 0o755);
    makeReadOnly(app);
    redis = await startRedis({ dir: join(home, 'redis') });
  }, 120_000);

  afterAll(async () => {
    for (const server of servers) if (!(await ended(server, 0))) server.kill('SIGKILL');
    await redis?.stop();
    for (const entry of [app, ...readdirSync(app, { recursive: true, withFileTypes: true }).filter((one) => one.isDirectory())])
      chmodSync(typeof entry === 'string' ? entry : join(entry.parentPath, entry.name), 0o755);
    rmSync(home, { recursive: true });
  });

  it('contains no tests or build tools, and needs less than 70 MB in addition to Node', () => {
    const files = filesOf(app);
    const bytes = files.reduce((sum, file) => sum + statSync(join(app, file)).size, 0);
    expect(bytes).toBeLessThan(BYTES_MAX);
    expect(files.filter((file) => /\.(spec|test)\.[cm]?[jt]s$|\.[cm]?ts$|^(test|bench|apps|libs|games)\//.test(file))).toEqual([]);
    for (const name of ['typescript', 'jest', 'playwright-core', 'vite']) expect(existsSync(join(app, 'node_modules', name))).toBe(false);
  });

  it('lists its packages in the format CycloneDX', () => {
    const { bomFormat, metadata, components } = JSON.parse(readFileSync(join(app, 'sbom.cdx.json'), 'utf8'));
    expect([bomFormat, metadata.component.name]).toEqual(['CycloneDX', 'holdfast']);
    const listed = new Set(components.map(({ group, name }: { group?: string; name: string }) => (group ? `${group}/${name}` : name)));
    const installed = filesOf(join(app, 'node_modules'))
      .map((file) => /^(?:.*\/node_modules\/)?((?:@[^/]+\/)?[^/]+)\/package\.json$/.exec(file)?.[1])
      .filter((name): name is string => name !== undefined && !name.startsWith('.'));
    expect(installed.length).toBeGreaterThan(100);
    expect(installed.filter((name) => !listed.has(name))).toEqual([]);
  });

  it('runs servers and the command line as an unprivileged user in a read-only folder', async () => {
    gateway = await start('gateway', {
      ADMIN_TOKEN: token,
      AUTH: 'guest',
      PUBLIC_HOST: '127.0.0.1',
      PUBLIC_PORT: '0',
      TCP_PORT: '0',
    });
    const game = await start('game');
    for (const port of [ports.gateway, ports.game]) await until(() => isReady(port), READY_MS, 250);
    const fleet = async () => {
      const argv = ['packages/cli/src/holdfast.mjs', 'fleet', '--json', 'list', '--url', `http://127.0.0.1:${ports.gateway}`];
      const { stdout } = await run(node, argv, { cwd: app, env: { PATH: process.env.PATH, ADMIN_TOKEN: token }, ...user });
      return JSON.parse(stdout).servers.map(({ type, state }: { type: string; state: string }) => `${type} ${state}`);
    };
    await until(async () => (await fleet()).length === 2);
    expect((await fleet()).sort()).toEqual(['game ready', 'gateway ready']);
    // In a container, HOSTNAME is the name of the container, which /etc/hosts contains. Here, HOSTNAME is `localhost`. PATH has no
    // programs, because the health check must run with bash alone.
    const [auto, port] = [{ OPS_HOST: 'auto', HOSTNAME: 'localhost', PATH: '/none' }, String(ports.gateway)];
    expect(await probeIsReady({ ...auto, OPS_PORT: port })).toBe(true);
    // If the health check ignored the file of HOLDFAST_CONFIG, it would use the port 7010 and no TLS.
    const [settings, tlsSettings] = [join(home, 'settings.json'), join(home, 'tls-settings.json')];
    writeFileSync(settings, JSON.stringify({ LOG_LEVEL: 'info', OPS_HOST: 'auto', OPS_PORT: ports.gateway }, null, 2));
    writeFileSync(tlsSettings, JSON.stringify({ OPS_TLS_CERT: '/run/tls/a certificate.pem', OPS_PORT: ports.gateway }));
    expect(await probeIsReady({ HOLDFAST_CONFIG: settings, HOSTNAME: 'localhost', OPS_PORT: '', PATH: '/none' })).toBe(true);
    expect(await probeIsReady({ HOLDFAST_CONFIG: settings, HOSTNAME: 'localhost', OPS_PORT: '1' })).toBe(false);
    expect(await probeIsReady({ HOLDFAST_CONFIG: tlsSettings })).toBe(true);
    game.kill('SIGTERM');
    await until(() => game.exitCode !== null, READY_MS);
    expect(game.exitCode).toBe(0);
    expect(await isReady(ports.game)).toBe(false);
    expect(await isReady(ports.gateway)).toBe(true);
  }, 90_000);

  it('is not healthy while Redis does not answer, and ends with exit code 0 on SIGTERM', async () => {
    redis.process.kill('SIGSTOP');
    await until(async () => !(await isReady(ports.gateway)), READY_MS, 250);
    redis.process.kill('SIGCONT');
    await until(() => isReady(ports.gateway), READY_MS, 250);
    gateway.kill('SIGTERM');
    await until(() => gateway.exitCode !== null, READY_MS);
    expect(gateway.exitCode).toBe(0);
  }, 90_000);
});
