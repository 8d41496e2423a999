import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The fleet that `npm start` runs in this folder, as it says itself. */
export interface Running {
  /** Where players go. */
  readonly url?: string;
  /** File of the certificate that is shown there; absent: no TLS. */
  readonly certificate?: string;
  readonly opsUrl?: string;
  readonly adminToken?: string;
}

/** From dist/tools/fleet/src, where this runs. */
const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));

export function runningFile(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.HOLDFAST_DIR ?? join(ROOT, '.holdfast'), 'running.json');
}

/** Null where none runs. */
export function readRunning(file: string): Running | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}
