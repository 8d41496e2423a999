import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readSettings } from '#libs/settings';
import { SERVER_FLAGS } from '../process/server-flags.mjs';
import { onPath } from '../redis/find-redis.mjs';
import { secretVariables, variablesOf } from './known-variables.fixture.js';

const run = promisify(execFile);
const UNITS = join(__dirname, '../../deploy/systemd');
const TYPES = ['gateway', 'lobby', 'game'] as const;
/** The maximum exposure that `systemd-analyze security` may report for a unit. The scale is from 0 to 10, and 10 is the worst. */
const EXPOSURE_MAX = 1.7;

const textOf = (type: string) => readFileSync(join(UNITS, `holdfast-${type}@.service`), 'utf8');
const valuesOf = (type: string, key: string) =>
  [...textOf(type).matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value]) => value as string);

/**
 * Returns the environment of the instance `1` of a unit. Leaves out the environment files that an operator writes. The credentials are in
 * the given folder.
 */
function environmentOf(type: string, credentials: string): Record<string, string> {
  const assignments = valuesOf(type, 'Environment').flatMap((line) => line.split(' '));
  const filled = assignments.map((one) => one.replaceAll('%H', 'host').replaceAll('%i', '1').replaceAll('%d', credentials));
  return Object.fromEntries(filled.map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]));
}

describe.each(TYPES)('the systemd unit of a %s', (type) => {
  let credentials: string;
  beforeAll(() => {
    credentials = mkdtempSync(join(tmpdir(), 'holdfast-credentials-'));
    for (const credential of valuesOf(type, 'LoadCredential'))
      writeFileSync(join(credentials, credential.split(':')[0] as string), 'a secret of more than 32 characters\n');
  });
  afterAll(() => rmSync(credentials, { recursive: true }));

  it('starts the server with valid settings, and with secrets only from credentials', () => {
    const { NODE_ENV, ...environment } = environmentOf(type, credentials);
    expect(NODE_ENV).toBe('production');
    expect(readSettings(type, environment).server.name).toBe('host-1');
    const known = variablesOf(type);
    expect(Object.keys(environment).filter((variable) => !known.has(variable))).toEqual([]);
    expect(Object.keys(environment).filter((variable) => secretVariables().has(variable))).toEqual([]);
    const files = Object.entries(environment).filter(([variable]) => variable.endsWith('_FILE'));
    const names = valuesOf(type, 'LoadCredential').map((one) => one.split(':')[0]);
    expect(files.map(([, path]) => path)).toEqual(names.map((name) => join(credentials, name as string)));
  });

  it('starts the built program with the flags of the start scripts', () => {
    expect(valuesOf(type, 'ExecStart')).toEqual([`/usr/bin/node ${SERVER_FLAGS.join(' ')} dist/apps/${type}/src/main.js`]);
  });

  it('gives the stopping server more time than its drain takes', () => {
    const [seconds] = valuesOf(type, 'TimeoutStopSec');
    expect(Number(seconds) * 1_000).toBeGreaterThan(Number(environmentOf(type, credentials).DRAIN_TIMEOUT_MS ?? 0) + 10_000);
  });
});

// systemd cannot run in a container or in CI, but systemd-analyze can check the files of the units without it.
const analyze = onPath('systemd-analyze');
if (!analyze)
  console.warn('The systemd units are not verified, because there is no systemd-analyze. Debian has it in the package systemd.');
(analyze ? describe : describe.skip)('systemd-analyze', () => {
  let folder: string;
  const unitOf = (type: string) => join(folder, `holdfast-${type}@1.service`);
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-units-'));
    copyFileSync(join(UNITS, 'holdfast.target'), join(folder, 'holdfast.target'));
    // Replaces the path of Node by that of this machine, because systemd-analyze warns when the program of a unit does not exist.
    for (const type of TYPES) writeFileSync(unitOf(type), textOf(type).replace('/usr/bin/node', process.execPath));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(TYPES)('accepts the unit of a %s without a warning', async (type) => {
    expect(await run(analyze as string, ['verify', '--man=no', unitOf(type)])).toEqual({ stdout: '', stderr: '' });
  });

  it('reports an unknown option in a unit', async () => {
    writeFileSync(
      join(folder, 'wrong@1.service'),
      textOf('game').replace('/usr/bin/node', process.execPath).replace('NoNewPrivileges', 'NoNewPrivilege'),
    );
    const { stderr } = await run(analyze as string, ['verify', '--man=no', join(folder, 'wrong@1.service')]).catch((error) => error);
    expect(stderr).toContain('NoNewPrivilege');
  });

  it.each(TYPES)(`gives the unit of a %s an exposure of at most ${EXPOSURE_MAX} of 10`, async (type) => {
    const { stdout } = await run(analyze as string, ['security', '--offline=true', '--no-pager', unitOf(type)]);
    const [, exposure] = /exposure level for .*: ([\d.]+)/.exec(stdout) ?? [];
    expect(Number(exposure)).toBeLessThanOrEqual(EXPOSURE_MAX);
  });
});
