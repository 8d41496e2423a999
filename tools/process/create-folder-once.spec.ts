import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFolderOnce } from './create-folder-once.mjs';

describe('createFolderOnce', () => {
  let parent = '';
  let home = '';
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'holdfast-once-'));
    home = join(parent, 'deep', 'package');
  });
  afterEach(() => rm(parent, { recursive: true }));

  async function fillWith(text: string, work: string): Promise<string> {
    const root = join(work, 'root');
    await mkdir(root);
    await writeFile(join(root, 'file'), text);
    return root;
  }

  it('keeps a folder that already exists, and leaves no other files', async () => {
    await createFolderOnce(home, (work) => fillWith('first', work));
    await createFolderOnce(home, () => Promise.reject(new Error('is not called')));
    expect(await readFile(join(home, 'file'), 'utf8')).toBe('first');
    expect(await readdir(join(parent, 'deep'))).toEqual(['package']);
  });

  it('keeps the folder of one call when two calls run at the same time', async () => {
    const texts = ['one', 'other'];
    await Promise.all(texts.map((text) => createFolderOnce(home, (work) => fillWith(text, work))));
    expect(texts).toContain(await readFile(join(home, 'file'), 'utf8'));
    expect(await readdir(join(parent, 'deep'))).toEqual(['package']);
  });

  it('removes the files of a failed attempt before the next attempt', async () => {
    const failing = async (work: string): Promise<string> => {
      await fillWith('half', work);
      throw new Error('no network');
    };
    await expect(createFolderOnce(home, failing)).rejects.toThrow('no network');
    expect(await readdir(join(parent, 'deep'))).toEqual([]);
    await createFolderOnce(home, (work) => fillWith('whole', work));
    expect(await readFile(join(home, 'file'), 'utf8')).toBe('whole');
  });
});
