import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { HOLDFAST_VERSION } from '#libs/telemetry';
import { ROOT } from '../process/paths.mjs';
import { releaseChanges } from './changelog.mjs';
import { planVersions } from './version.mjs';
import { DEPLOYED_FILES, readVersions, setDeployedVersion, setVersion, VERSIONED_FILES } from './versioned-files.mjs';

const run = promisify(execFile);

describe('the version of this repository', () => {
  it('is the same in all files that contain the version', async () => {
    expect(new Set(await readVersions())).toEqual(new Set([HOLDFAST_VERSION]));
  });
});

describe('setDeployedVersion', () => {
  it('writes the version of a release into the Dockerfile and the chart', async () => {
    const root = await mkdtemp(join(tmpdir(), 'holdfast-release-'));
    for (const file of DEPLOYED_FILES) {
      await mkdir(dirname(join(root, file)), { recursive: true });
      await cp(join(ROOT, file), join(root, file));
    }
    await setDeployedVersion('7.8.9', root);
    expect(await readFile(join(root, 'Dockerfile'), 'utf8')).toContain('\nARG VERSION=7.8.9\n');
    expect(await readFile(join(root, 'deploy/helm/holdfast/Chart.yaml'), 'utf8')).toMatch(/^version: 7\.8\.9\nappVersion: 7\.8\.9$/m);
    await rm(root, { recursive: true });
  });
});

describe('the versions of a release', () => {
  it('are the version in development without its suffix, and the next minor version', () => {
    expect(planVersions('0.2.0-dev', {})).toEqual({ version: '0.2.0', development: '0.3.0-dev' });
    expect(planVersions('0.9.0-dev', { version: '1.0.0', next: '1.0.1' })).toEqual({ version: '1.0.0', development: '1.0.1-dev' });
  });

  it.each([
    ['0.2', undefined, 'VERSION is 0.2: it must be three numbers with dots, such as 0.3.0.'],
    ['0.1.9', undefined, 'VERSION is 0.1.9: it must not be below 0.2.0, which is in development.'],
    [undefined, '0.2.0', '--next is 0.2.0: it must be above 0.2.0, which is released now.'],
    [undefined, '0.3.0-dev', '--next is 0.3.0-dev: it must be three numbers with dots'],
  ])('are refused, with the reason, for VERSION %s with --next %s', (version, next, message) => {
    expect(() => planVersions('0.2.0-dev', { version, next })).toThrow(message);
  });
});

describe('the changelog of a release', () => {
  const CHANGELOG = '# Changelog\n\n## Unreleased\n\n### Added\n\n- Add a thing.\n\n## [0.1.0] - 2026-11-29\n\n- Begin.\n';

  it('contains the unreleased changes under the heading of the version', () => {
    expect(releaseChanges(CHANGELOG, '0.2.0', '2027-01-02')).toBe(
      '# Changelog\n\n## Unreleased\n\n## [0.2.0] - 2027-01-02\n\n### Added\n\n- Add a thing.\n\n## [0.1.0] - 2026-11-29\n\n- Begin.\n',
    );
  });

  it('is refused without unreleased changes, or when the changelog already has the version', () => {
    const released = releaseChanges(CHANGELOG, '0.2.0', '2027-01-02');
    expect(() => releaseChanges(released, '0.3.0', '2027-01-03')).toThrow('CHANGELOG.md names no change under `## Unreleased`');
    expect(() => releaseChanges(CHANGELOG, '0.1.0', '2027-01-02')).toThrow('CHANGELOG.md has version 0.1.0 already');
    expect(() => releaseChanges('# Changelog\n', '0.1.0', '2027-01-02')).toThrow('must have the heading `## Unreleased` once');
  });
});

describe('`npm run release`', () => {
  let clone: string;
  beforeAll(async () => {
    clone = await mkdtemp(join(tmpdir(), 'holdfast-release-'));
    await cp(join(ROOT, 'tools'), join(clone, 'tools'), { recursive: true });
    for (const file of [...VERSIONED_FILES, 'CHANGELOG.md']) {
      await mkdir(dirname(join(clone, file)), { recursive: true });
      await cp(join(ROOT, file), join(clone, file));
    }
    await setVersion('0.2.0-dev', clone);
    const changelog = await readFile(join(clone, 'CHANGELOG.md'), 'utf8');
    await writeFile(join(clone, 'CHANGELOG.md'), changelog.replace(/^## Unreleased\n/m, '## Unreleased\n\n- Add a thing.\n'));
    await git('init', '--quiet');
    await commit();
  }, 30_000);
  afterAll(() => rm(clone, { recursive: true, force: true }));

  const git = (...args: string[]) => run('git', ['-c', 'user.name=Test', '-c', 'user.email=test@localhost', ...args], { cwd: clone });
  const commit = () => git('add', '--all').then(() => git('commit', '--quiet', '--message', 'test: change a file'));
  const release = async (...args: string[]): Promise<string> => {
    const { HOLDFAST_DIR, HOLDFAST_DIST, ...env } = process.env;
    const result = await run(process.execPath, [join(clone, 'tools/release/run.mjs'), ...args], { cwd: clone, env }).catch(
      (error) => error,
    );
    return result.stdout + result.stderr;
  };

  it('prints the planned release with --check, and changes nothing', async () => {
    expect(await release('--check')).toBe('Version 0.2.0 can be released. Development continues with 0.3.0-dev.\n');
    expect((await git('status', '--porcelain')).stdout).toBe('');
  });

  it('refuses uncommitted changes, and names their files', async () => {
    await writeFile(join(clone, 'new-file'), '');
    expect(await release()).toMatch(/^This clone has changes that are not committed\. Commit or remove them first:\n\?\? new-file\n$/);
    await rm(join(clone, 'new-file'));
  });

  it('refuses a version whose tag exists', async () => {
    await git('tag', 'v0.2.0');
    expect(await release()).toBe('The tag v0.2.0 exists already: release another version.\n');
    await git('tag', '--delete', 'v0.2.0');
  });

  it('refuses an unknown option and a second version', async () => {
    expect(await release('--nxt', '1.0.0')).toContain('See `npm run release -- --help`.');
    expect(await release('0.2.0', '0.3.0')).toContain('0.2.0 0.3.0: name one version.');
  });
});
