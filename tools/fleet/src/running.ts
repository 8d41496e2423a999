import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The content of `running.json`. In this file `npm start` describes the fleet that it runs in this folder. */
export interface Running {
  /** The URL for players. */
  readonly url?: string;
  /** File of the certificate that the gateways use for players. Absent without TLS. */
  readonly certificate?: string;
  readonly opsUrl?: string;
  readonly adminToken?: string;
}

/** The path of the repository, seen from the compiled file in dist/tools/fleet/src. */
const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));

export function runningFile(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.HOLDFAST_DIR ?? join(ROOT, '.holdfast'), 'running.json');
}

/**
 * Reads `running.json`, which `npm start` writes. Returns null when the file is missing or is not valid JSON. The file is missing when no
 * fleet runs.
 */
export function readRunning(file: string): Running | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}
