import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Writes a file atomically. A server that starts during the write never reads an incomplete file.
 *
 * @param {string} file
 * @param {string | Buffer} content
 */
export async function put(file, content) {
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.${randomUUID().slice(0, 8)}`;
  await writeFile(draft, content);
  await rename(draft, file);
}
