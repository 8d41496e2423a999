import { readdirSync, watch } from 'node:fs';
import { join } from 'node:path';

/**
 * `onChange` is called when no file has changed for this time, in ms. An editor writes a file in several steps, which must lead to only one
 * call.
 */
const SETTLE_MS = 80;

/**
 * Calls `onChange` after files in these folders have changed. Watches folders and not files, because editors replace files. A watch on a
 * replaced file would report no more changes.
 *
 * @param {readonly string[]} roots @param {(changedAt: number) => void} onChange `changedAt`: the time of the first of these changes, by the
 *   monotonic clock, in ms
 * @returns {() => void} stops it
 */
export function watchFolders(roots, onChange) {
  /** @type {Map<string, import('node:fs').FSWatcher>} */
  const watchers = new Map();
  /** @type {NodeJS.Timeout | undefined} */
  let settling;
  /** @type {number | null} */
  let changedAt = null;

  const changed = () => {
    clearTimeout(settling);
    changedAt ??= performance.now();
    settling = setTimeout(() => {
      roots.forEach(watchBeneath);
      onChange(/** @type {number} */ (changedAt));
      changedAt = null;
    }, SETTLE_MS);
  };
  /** @param {string} folder */
  const watchBeneath = (folder) => {
    if (!watchers.has(folder)) {
      const watcher = watch(folder, changed);
      const forget = () => {
        watcher.close();
        watchers.delete(folder);
      };
      watcher.on('error', forget);
      watchers.set(folder, watcher);
    }
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory() && entry.name !== 'node_modules') watchBeneath(join(folder, entry.name));
    }
  };

  roots.forEach(watchBeneath);
  return () => {
    clearTimeout(settling);
    for (const watcher of watchers.values()) watcher.close();
  };
}
