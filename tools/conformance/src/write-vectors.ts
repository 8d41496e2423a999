import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeVectors } from './vectors.js';

/**
 * Writes the files with vectors into `folder`.
 *
 * @param root the folder with `docs/protocol.md`, which has the messages, and with `conformance/`, which has the values of patches and
 *   syncs
 */
export async function writeVectors(folder: string, root: string): Promise<void> {
  const page = readFileSync(join(root, 'docs/protocol.md'), 'utf8');
  const made = makeVectors(join(root, 'conformance'), page);
  await mkdir(folder, { recursive: true });
  for (const [name, vectors] of Object.entries(made)) {
    await writeFile(join(folder, name), textOf(vectors));
    console.log(`wrote ${join(folder, name)}`);
  }
}

/** Returns JSON with one vector per line. A diff then shows only the changed vectors. */
function textOf(vectors: Readonly<Record<string, readonly unknown[]>>): string {
  const lists = Object.entries(vectors).map(([name, list]) => {
    const lines = list.map((vector) => `    ${JSON.stringify(vector)}`);
    return `  ${JSON.stringify(name)}: [\n${lines.join(',\n')}\n  ]`;
  });
  return `{\n${lists.join(',\n')}\n}\n`;
}
