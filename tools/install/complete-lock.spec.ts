import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { missingOptional } from './complete-lock.mjs';

describe('the file package-lock.json', () => {
  it('contains the packages of all platforms, because npm ci requires all of them (node tools/install/complete-lock.mjs)', () => {
    const lock = JSON.parse(readFileSync(join(__dirname, '../../package-lock.json'), 'utf8'));
    expect(Object.keys(missingOptional(lock.packages))).toEqual([]);
  });

  it('gets an entry with the platform for each missing optional package', () => {
    const optionalDependencies = { '@a/b-linux-x64-musl': '1.0.0', '@a/b-win32-arm64-msvc': '1.0.0', '@a/b-linux-x64-gnu': '1.0.0' };
    const packages = {
      'node_modules/@a/b': { version: '1.0.0', dev: true, optionalDependencies },
      'node_modules/@a/b-linux-x64-gnu': { version: '1.0.0' },
    };
    expect(missingOptional(packages)).toEqual({
      'node_modules/@a/b-linux-x64-musl': { version: '1.0.0', os: ['linux'], cpu: ['x64'], libc: ['musl'], dev: true, optional: true },
      'node_modules/@a/b-win32-arm64-msvc': { version: '1.0.0', os: ['win32'], cpu: ['arm64'], dev: true, optional: true },
    });
  });
});
