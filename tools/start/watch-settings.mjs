import { existsSync, readFileSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** A changed file is read when its folder has not changed for this time, in ms. An editor writes a file in several steps. */
const SETTLE_MS = 80;

/**
 * Calls `onEdit` each time when one of these files gets a content that differs from that at the start. A missing file counts as a file
 * without content. Watches the folders of the files and not the files, because editors replace files.
 *
 * @param {readonly string[]} files absolute paths @param {(file: string) => void} onEdit
 * @returns {() => void} stops it
 */
export function watchSettings(files, onEdit) {
  const first = new Map(files.map((file) => [file, contentOf(file)]));
  const last = new Map(first);
  /** @type {NodeJS.Timeout | undefined} */
  let settling;

  const compare = () => {
    for (const file of first.keys()) {
      const content = contentOf(file);
      if (content === last.get(file)) continue;
      last.set(file, content);
      if (content !== first.get(file)) onEdit(file);
    }
  };
  const watchers = [...new Set(files.map((file) => dirname(file)))]
    .filter((folder) => existsSync(folder))
    .map((folder) => {
      const names = files.filter((file) => dirname(file) === folder).map((file) => basename(file));
      const watcher = watch(folder, (_, name) => {
        if (name !== null && !names.includes(name)) return;
        clearTimeout(settling);
        settling = setTimeout(compare, SETTLE_MS);
      });
      return watcher.on('error', () => watcher.close());
    });
  return () => {
    clearTimeout(settling);
    for (const watcher of watchers) watcher.close();
  };
}

/** @param {string} file */
function contentOf(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
