import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Creates the folder `home`, in which several processes share a download. `fill` gets an empty work folder, and returns the folder in it
 * that becomes `home`. A failed attempt leaves no files. When another process creates `home` at the same time, the folder of that process
 * remains.
 *
 * @param {string} home
 * @param {(work: string) => Promise<string>} fill
 */
export async function createFolderOnce(home, fill) {
  if (existsSync(home)) return;
  await mkdir(dirname(home), { recursive: true });
  const work = await mkdtemp(`${home}-`);
  try {
    const filled = await fill(work);
    await rename(filled, home).catch((error) => {
      if (!existsSync(home)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
