import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PlainError } from './plain-error.mjs';
import { assertSpace, assertWritable } from './writable.mjs';

describe('the check of a folder that a tool needs', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'holdfast writable é '));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  it('creates a missing folder', () => {
    assertWritable(join(home, 'a/b'), 'give up');
    expect(readdirSync(join(home, 'a/b'))).toEqual([]);
    // Other users can read the folder, because the user who runs an image is not the user who builds it.
    expect(statSync(join(home, 'a/b')).mode & 0o055).toBe(0o055 & ~process.umask());
  });

  it('throws an error with the path of the folder when a file has this path', () => {
    const file = join(home, 'file');
    writeFileSync(file, '');
    for (const [folder, code] of [
      [file, 'EEXIST'],
      [join(file, 'below'), 'ENOTDIR'],
    ]) {
      const expected = `The folder ${folder} cannot be written (${code}). Remove the file in its place, or set HOLDFAST_DIR.`;
      expect(() => assertWritable(folder, 'set HOLDFAST_DIR')).toThrow(new PlainError(expected));
    }
  });

  it('refuses a disk with too little space', () => {
    assertSpace(home, 0, 'the packages');
    expect(() => assertSpace(home, 2 ** 40, 'the packages')).toThrow(
      /^The disk of .* has \d+ MB free, and the packages need 1099511627776 MB\. Free some space\.$/,
    );
  });
});
