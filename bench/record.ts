import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Machine } from './machine.js';
import type { Figure } from './table.js';
import { ROOT } from './tools.js';

/**
 * The recorded figures of one section, with date and machine. Later runs are compared with them, and RESULTS.md is generated from
 * them.
 */
export interface Recorded {
  readonly about: string;
  readonly machine: Machine;
  readonly startedAt: string;
  readonly runs: number;
  readonly loadBefore: number;
  readonly loadAfter: number;
  readonly figures: readonly Figure[];
}

/** The recorded figures, by the name of their section. */
export type Record_ = Readonly<Record<string, Recorded>>;

const FILE = join(ROOT, 'bench/baseline.json');

export async function readRecord(): Promise<Record_> {
  try {
    return (JSON.parse(await readFile(FILE, 'utf8')) as { sections: Record_ }).sections;
  } catch {
    return {};
  }
}

export async function keep(sections: Record_): Promise<Record_> {
  const record = { ...(await readRecord()), ...sections };
  await writeFile(FILE, `${JSON.stringify({ sections: record }, null, 1)}\n`);
  return record;
}
