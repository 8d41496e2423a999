import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../process/until.mjs';
import { watchSettings } from './watch-settings.mjs';

describe('watchSettings', () => {
  const root = mkdtempSync(join(tmpdir(), 'holdfast-settings-'));
  const [tsconfig, dotEnv, settings] = ['tsconfig.json', '.env', 'config/settings.json'].map((name) => join(root, name));
  const edited: string[] = [];
  let stop: () => void;

  beforeAll(() => {
    mkdirSync(join(root, 'config'));
    writeFileSync(tsconfig, '{}');
    writeFileSync(settings, '{}');
    stop = watchSettings([tsconfig, dotEnv, settings, join(root, 'missing/settings.json')], (file) => edited.push(file));
  });

  afterAll(() => {
    stop();
    rmSync(root, { recursive: true });
  });

  it('reports each edit of a file, also a file that is new, replaced or removed, and no other file', async () => {
    writeFileSync(join(root, 'other.json'), '{}');
    writeFileSync(tsconfig, '{ "files": [] }');
    await until(() => edited.length === 1);
    writeFileSync(dotEnv, 'AUTH=jwt');
    await until(() => edited.length === 2);
    writeFileSync(`${settings}.draft`, '{ "AUTH": "jwt" }');
    renameSync(`${settings}.draft`, settings);
    await until(() => edited.length === 3);
    rmSync(settings);
    await until(() => edited.length === 4);
    expect(edited).toEqual([tsconfig, dotEnv, settings, settings]);
  });

  it('does not report a file that is written without a change, or that gets its first content again', async () => {
    const before = edited.length;
    writeFileSync(dotEnv, 'AUTH=jwt');
    rmSync(dotEnv);
    writeFileSync(tsconfig, '{}');
    writeFileSync(settings, '{ "AUTH": "guest" }');
    await until(() => edited.length > before);
    expect(edited.slice(before)).toEqual([settings]);
  });
});
