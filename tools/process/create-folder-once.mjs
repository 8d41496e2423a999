import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Creates the folder `home`, for downloads that processes share. `fill` gets an empty work folder and returns the folder in it that
 * becomes `home`. Nothing of a failed attempt stays. When another process creates `home` meanwhile, that one is used.
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
