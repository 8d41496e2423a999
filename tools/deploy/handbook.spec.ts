import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { readSettings } from '#libs/settings';
import { findHelm } from './find-helm.mjs';
import { CHART } from './render-manifests.mjs';

const run = promisify(execFile);
const ROOT = join(__dirname, '../..');
const page = readFileSync(join(ROOT, 'docs/deploying.md'), 'utf8');
const commands = [...page.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block]) => (block as string).trim().split('\n'));
const commandsWith = (text: string) => commands.filter((command) => command.includes(text));
const TIMEOUT_MS = 120_000;

describe('the page docs/deploying.md', () => {
  it(
    'contains only commands for the chart that Helm accepts',
    async () => {
      const helm = await findHelm();
      if ('missing' in helm) throw new Error(helm.missing);
      const installs = commandsWith('helm upgrade --install');
      expect(installs.length).toBe(4);
      for (const command of installs) {
        const argv = command.replace('helm upgrade --install', 'template').replace(' --reuse-values', '').split(' ');
        const { stdout } = await run(helm.command, argv, { cwd: ROOT });
        expect(stdout).toContain('kind: Deployment');
      }
    },
    TIMEOUT_MS,
  );

  it('contains a command that creates the Secret with the keys that the chart reads', () => {
    const [command] = commandsWith('create secret');
    const created = [...(command as string).matchAll(/--from-literal=([\w-]+)=/g)].map(([, key]) => key);
    const keys: Record<string, string> = parseAllDocuments(readFileSync(join(CHART, 'values.yaml'), 'utf8'))[0]?.toJS().secrets.keys;
    expect(created.toSorted()).toEqual(
      Object.values(keys)
        .filter((key) => key !== '')
        .toSorted(),
    );
    expect(command).toContain('create secret generic holdfast ');
  });

  it('contains commands that write an .env with valid settings for a gateway', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-env-'));
    for (const command of commandsWith('.env').filter((one) => !one.includes('/etc/'))) await run('bash', ['-c', command], { cwd: folder });
    const lines = readFileSync(join(folder, '.env'), 'utf8').trim().split('\n');
    rmSync(folder, { recursive: true });
    const environment = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
    expect(Object.keys(environment)).toEqual(['LINK_SECRET', 'ADMIN_TOKEN', 'AUTH_JWT_SECRET']);
    expect(() => readSettings('gateway', environment)).not.toThrow();
  });

  it('contains commands that create a file with a secret for each credential of the systemd units', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-etc-'));
    for (const command of commandsWith('/etc/holdfast'))
      await run('bash', ['-c', command.replaceAll('/etc/holdfast', folder)], { cwd: ROOT });
    const created = readdirSync(join(folder, 'secrets')).toSorted();
    const secret = readFileSync(join(folder, 'secrets/link-secret'), 'utf8');
    rmSync(folder, { recursive: true });
    const units = readdirSync(join(ROOT, 'deploy/systemd')).map((name) => readFileSync(join(ROOT, 'deploy/systemd', name), 'utf8'));
    const read = units.flatMap((unit) =>
      [...unit.matchAll(/^LoadCredential=.*:\/etc\/holdfast\/secrets\/(.+)$/gm)].map(([, name]) => name as string),
    );
    expect(created).toEqual([...new Set(read)].toSorted());
    expect(secret).toMatch(/^[0-9a-f]{64}\n$/);
  });

  it('names only systemd units that exist', () => {
    const names = [...page.matchAll(/holdfast-\w+@(?=\d)/g)].map(([name]) => name);
    expect(new Set(names)).toEqual(new Set(['holdfast-gateway@', 'holdfast-lobby@', 'holdfast-game@']));
    for (const name of names) expect(existsSync(join(ROOT, 'deploy/systemd', `${name}.service`))).toBe(true);
  });

  it('names only files of this repository that exist', () => {
    const files = [...page.matchAll(/\b(?:deploy|tools)\/[\w./-]*\w/g)].map(([file]) => file);
    expect(files.length).toBeGreaterThan(10);
    expect(files.filter((file) => !existsSync(join(ROOT, file)) && !file.startsWith('deploy/holdfast-'))).toEqual([]);
  });
});
