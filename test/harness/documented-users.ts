import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../../tools/process/paths.mjs';

/**
 * Reads the Redis users from the documentation. Returns them with this password, as lines for the configuration of Redis and of a sentinel.
 */
export async function documentedUsers(password = 'of-the-fleet'): Promise<{ readonly data: string; readonly sentinel: string }> {
  const page = await readFile(join(ROOT, 'docs/operations.md'), 'utf8');
  const lines = [...page.matchAll(/^ {4}ACL SETUSER (holdfast on >PASSWORD .*)$/gm)].map(([, line]) => line);
  if (lines.length !== 2)
    throw new Error(`docs/operations.md has ${lines.length} users of Redis: expected one of Redis and one of the sentinels`);
  const [data, sentinel] = lines.map((line) => line.replace('PASSWORD', password));
  return { data, sentinel };
}
