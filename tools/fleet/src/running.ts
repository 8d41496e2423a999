import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The content of `running.json`, in which `npm start` describes the fleet that it runs in this folder. */
export interface Running {
  /** The URL for players. */
  readonly url?: string;
  /** File of the gateway's certificate at the URL for players. Absent without TLS. */
  readonly certificate?: string;
  readonly opsUrl?: string;
  readonly adminToken?: string;
}

/** The path of the repository. This file runs in dist/tools/fleet/src. */
const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));

export function runningFile(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.HOLDFAST_DIR ?? join(ROOT, '.holdfast'), 'running.json');
}

/** Reads the file of `npm start`. Null when the file is missing, because no fleet runs, or when it is not valid JSON. */
export function readRunning(file: string): Running | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}
