import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeVectors } from './vectors.js';

/** Writes the files with vectors into `folder`. The values of patches and syncs come from the existing files in `folder`. */
export async function writeVectors(folder: string): Promise<void> {
  const page = readFileSync(join(process.cwd(), 'docs/protocol.md'), 'utf8');
  for (const [name, vectors] of Object.entries(makeVectors(folder, page))) {
    await writeFile(join(folder, name), textOf(vectors));
    console.log(`wrote ${join(folder, name)}`);
  }
}

/** Returns JSON with one vector per line, so that a diff shows only the vectors that changed. */
function textOf(vectors: Readonly<Record<string, readonly unknown[]>>): string {
  const lists = Object.entries(vectors).map(([name, list]) => {
    const lines = list.map((vector) => `    ${JSON.stringify(vector)}`);
    return `  ${JSON.stringify(name)}: [\n${lines.join(',\n')}\n  ]`;
  });
  return `{\n${lists.join(',\n')}\n}\n`;
}
